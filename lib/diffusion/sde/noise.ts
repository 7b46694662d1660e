import type { Batch, NoiseLevel } from "../../core/types";
import { tf } from "../../engine/tf";
import { assertAlike } from "../at-timesteps";

/**
 * Noise a clean batch, each example to its own level.
 *
 * @eq R.19  x̃ = scale·x_0 + sigma·ε
 * @param level numbers, or `[B]`
 * @param batches `x0` and `noise`, `[B, ...]` both
 * @returns same shape; the caller owns it
 */
export function addNoise<X extends Batch>(
  { scale, sigma }: NoiseLevel,
  { x0, noise }: { readonly x0: X; readonly noise: X },
): X {
  assertAlike("addNoise", { x0, noise });
  return tf.tidy(() => x0.mul(perExample(scale, x0)).add(noise.mul(perExample(sigma, x0))) as X);
}

/** Numbers `[B]` shaped to meet a batch, `[B, 1, …]`; one number as a scalar. */
export function perExample(value: number | tf.Tensor1D, x: Batch): tf.Tensor {
  if (typeof value === "number") return tf.scalar(value);
  return value.reshape([-1, ...x.shape.slice(1).map(() => 1)]);
}
