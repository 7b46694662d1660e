import { ShapeError } from "../core/errors";
import { assertFloats, assertInteger, assertTensor } from "../core/guard";
import { tf } from "../engine/tf";

export type MinibatchStdOptions = {
  /** Examples that are compared with each other; 4 unless told, or the batch if it is smaller. */
  readonly groupSize?: number;
};

/**
 * Appends one feature that says how different the examples of a group are: the standard deviation
 * over the group, averaged over all features and places. A discriminator that sees it notices when
 * a generator repeats itself.
 *
 * Group g holds the examples g, g + G, g + 2G, … of G groups, as in the authors' code.
 *
 * @param x `[B, ..., C]`, B divisible by the group size
 * @returns `[B, ..., C + 1]`; the caller owns it
 * @throws ShapeError, ValueError
 * @see Karras et al. 2018, arXiv:1710.10196v3, §3
 */
export function minibatchStandardDeviation(
  x: tf.Tensor,
  { groupSize = 4 }: MinibatchStdOptions = {},
): tf.Tensor {
  assertInteger("minibatchStandardDeviation", "groupSize", groupSize);
  assertTensor("minibatchStandardDeviation", "x", x);
  const [batch = 0, ...rest] = x.shape;
  const axes = rest.slice(1).map((_, axis) => `N${axis}`);
  assertFloats("minibatchStandardDeviation", "x", x, ["B", ...axes, "C"]);
  const size = Math.min(groupSize, batch);
  if (batch % size !== 0) {
    throw new ShapeError(
      `minibatchStandardDeviation: ${batch} examples do not divide into groups of ${size}.`,
    );
  }
  return tf.tidy(() => {
    const groups = x.reshape([size, batch / size, -1]); // (member, group, feature)
    const centred = groups.sub(groups.mean(0, true));
    const deviation = centred.square().mean(0).add(1e-8).sqrt(); // (group, feature)
    const perGroup = deviation.mean(1); // (group)
    const ones = tf.ones([size, batch / size, rest.slice(0, -1).reduce((n, m) => n * m, 1)]);
    const feature = ones.mul(perGroup.reshape([1, -1, 1])); // (member, group, place)
    return tf.concat([x, feature.reshape([batch, ...rest.slice(0, -1), 1])], -1);
  });
}

/**
 * Divide every vector along the last axis by its root mean square.
 *
 * @param x `[..., C]`
 * @returns the same shape; the caller owns it
 * @throws ShapeError
 * @see Karras et al. 2018, arXiv:1710.10196v3, §4.2
 */
export function pixelNorm<T extends tf.Tensor>(x: T): T {
  assertTensor("pixelNorm", "x", x);
  const axes = x.shape.slice(0, -1).map((_, axis) => `N${axis}`);
  assertFloats("pixelNorm", "x", x, [...axes, "C"]);
  return tf.tidy(() => x.mul(x.square().mean(-1, true).add(1e-8).rsqrt()) as T);
}
