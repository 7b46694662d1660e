import { gatherRows } from "../core/ops";
import type { Batch, Labels, NoiseLevel } from "../core/types";
import { tf } from "../engine/tf";
import type { Mixture } from "./mixture-parameters";

const LOG_TWO_PI = Math.log(2 * Math.PI);

/** Noisy points as each component of a mixture sees them. */
export type Terms = {
  /** log w_k N_k(x), `[B, K]`; under a class w_k is p(k | y). */
  readonly logits: tf.Tensor2D;
  /** x − scale·μ_k along the axes of component k, `[K, B, D]`. */
  readonly along: tf.Tensor;
  /** Variance along these axes, `[K, 1 or B, D]`. */
  readonly variance: tf.Tensor;
};

/** Call it inside a tidy. */
export function termsAt(
  mixture: Mixture,
  x: Batch,
  { scale, sigma }: NoiseLevel,
  labels?: Labels,
): Terms {
  const points = x.reshape([1, -1, dimOf(mixture)]); // (1, B, D)
  const away = points.sub(means(mixture).mul(overBatch(scale))); // (K, B, D)
  const axes = axesOf(mixture);
  const along = axes === undefined ? away : away.matMul(axes);
  const variance = variances(mixture).mul(overBatch(scale).square()).add(overBatch(sigma).square());
  const exponent = along.square().div(variance).add(variance.log()).add(LOG_TWO_PI);
  const logDensities = exponent.sum(2).mul(-0.5).transpose(); // (B, K)
  return { logits: logDensities.add(logWeights(mixture, labels)), along, variance };
}

/** From each component's axes back to coordinates, `[K, B, D]`. */
export function fromAxes(mixture: Mixture, along: tf.Tensor): tf.Tensor {
  const axes = axesOf(mixture);
  return axes === undefined ? along : along.matMul(axes, false, true);
}

/** μ_k, `[K, 1, D]`. */
export function means({ components }: Mixture): tf.Tensor3D {
  return tf.tensor3d(components.map(({ mean }) => [[...mean]]));
}

/** Clean variance along each component's axes, `[K, 1, D]`. */
export function variances({ components }: Mixture): tf.Tensor3D {
  return tf.tensor3d(components.map(({ variance }) => [[...variance]]));
}

/** One number, or one per example, to go with `[K, B, D]`. */
export function overBatch(value: number | tf.Tensor1D): tf.Tensor {
  return typeof value === "number" ? tf.scalar(value) : value.reshape([1, -1, 1]);
}

/** Unit vectors as columns, `[K, D, D]`; undefined if all axes are the coordinates'. */
function axesOf({ components }: Mixture): tf.Tensor3D | undefined {
  const all = components.map(({ axes }) => axes);
  return all.some((axes) => axes === undefined) ? undefined : tf.tensor3d(all as number[][][]);
}

/** log p(k | y) for the label of each example, `[B, K]`, or log p(k), `[1, K]`. */
function logWeights({ weights, labels: classes }: Mixture, labels?: Labels): tf.Tensor {
  const any = weights.map(Math.log);
  if (labels === undefined) return tf.tensor2d([any]);
  const numClasses = Math.max(...classes) + 1;
  const rows = Array.from({ length: numClasses }, (_, y) => {
    const inClass = weights.map((weight, k) => (classes[k] === y ? weight : 0));
    const total = inClass.reduce((sum, weight) => sum + weight, 0);
    return inClass.map((weight) => Math.log(weight / total)); // −∞ for other classes
  });
  return gatherRows(tf.tensor2d([...rows, any]), labels);
}

function dimOf({ components }: Mixture): number {
  return components[0]?.mean.length ?? 0;
}
