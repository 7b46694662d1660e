import { NonFiniteError } from "../core/errors";
import { assertTensor } from "../core/guard";
import type { ExampleBatch } from "../core/types";
import { tf } from "../engine/tf";
import type { Gradients, NamedParameters } from "./gradients";

/** What was known at the step that went wrong. */
export interface StepEvidence {
  readonly step: number;
  /** Loss, its parts and gradient norm by name, read back. */
  readonly readings: ReadonlyMap<string, number>;
  readonly batch: ExampleBatch;
  readonly parameters: NamedParameters;
  readonly gradients: Gradients;
  /** The first layer whose output is not finite, if it is a layer's. */
  readonly badLayer?: string | undefined;
}

/** True if every value is finite. Reads one value back. */
export function isFiniteTensor(tensor: tf.Tensor): boolean {
  assertTensor("isFiniteTensor", "tensor", tensor);
  if (tensor.dtype !== "float32" || tensor.size === 0) return true;
  return tf.tidy(() => tf.all(tf.isFinite(tensor)).dataSync()[0] === 1);
}

/** The names of those tensors that hold a NaN or an infinity, in order. */
export function nonFiniteNames(tensors: Iterable<readonly [string, tf.Tensor]>): string[] {
  return [...tensors].filter(([, tensor]) => !isFiniteTensor(tensor)).map(([name]) => name);
}

/**
 * The error for a step whose loss or gradient is not finite. It names the earliest cause in the
 * order of computation: examples, weights, layers, parts of the loss, gradients.
 */
export function nonFiniteError(evidence: StepEvidence): NonFiniteError {
  const { step, batch } = evidence;
  return new NonFiniteError(
    `Training stopped at step ${step}, before it changed the weights: ${cause(evidence)} ` +
      `The batch held examples ${listed(Array.from(batch.ids))}.`,
    "The model and its last checkpoint are as they were before this step.",
  );
}

function cause(evidence: StepEvidence): string {
  const { batch, parameters, gradients, badLayer } = evidence;
  if (!isFiniteTensor(batch.x)) {
    return `the input is not finite in ${listed(badExamples(batch), "example")}.`;
  }
  const weights = nonFiniteNames(parameters);
  if (weights.length > 0) return `the weight ${listed(weights)} is not finite.`;
  const bad = badReading(evidence);
  if (badLayer !== undefined) return `the output of ${badLayer} is not finite; then ${bad}.`;
  if (!bad.startsWith(`the ${GRADIENT_NORM}`)) return `${bad}.`;
  // Backpropagation goes from the last layer to the first, so the last bad layer is the origin.
  const layers = nonFiniteNames(gradients).reverse();
  if (layers.length > 0) return `the gradient of ${listed(layers)} is not finite.`;
  return `${bad}: the gradients are too large for float32.`;
}

/** E.g. "the loss part kl is NaN": the first bad part of the loss, the loss, or the gradient norm. */
function badReading({ readings }: StepEvidence): string {
  const bad = [...readings].filter(([, value]) => !Number.isFinite(value));
  const isPart = ([name]: readonly [string, number]): boolean =>
    name !== "loss" && name !== GRADIENT_NORM;
  const [name, value] = bad.find(isPart) ?? bad[0] ?? ["loss", NaN];
  return `the ${isPart([name, value]) ? "loss part " : ""}${name} is ${value}`;
}

/** Key of the gradient norm among the readings. */
export const GRADIENT_NORM = "gradient norm";

function badExamples({ x, ids }: ExampleBatch): number[] {
  const finite = tf.tidy(() => {
    const perExample = x.reshape([x.shape[0] as number, -1]); // (B, N)
    return tf.all(tf.isFinite(perExample), 1).dataSync(); // (B)
  });
  return Array.from(ids).filter((_, i) => finite[i] === 0);
}

/** "3, 5, 8 and 61 more"; at most eight are named. */
function listed(items: readonly (string | number)[], noun = ""): string {
  const shown = items.slice(0, 8).join(", ");
  const rest = items.length - 8;
  return `${noun === "" ? "" : `${noun} `}${shown}${rest > 0 ? ` and ${rest} more` : ""}`;
}
