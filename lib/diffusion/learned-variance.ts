import { ShapeError } from "../core/errors";
import type { Batch, Denoiser, Timesteps } from "../core/types";
import { tf } from "../engine/tf";
import { assertBatch, assertNoisy } from "./at-timesteps";
import { fixedLogVariance, reverseMean, type ReverseKernel } from "./reverse";
import type { NoiseSchedule } from "./schedule";

/**
 * A learnt log-variance, between the two that are not learnt.
 *
 * @eq IDDPM.15  log σ² = v log β_t + (1 − v) log β̃_t
 * @param t timesteps `[B]`, int32, 1…T
 * @param output of a network, `[B, ...]`: −1 is β̃_t, 1 is β_t, v = (output + 1) / 2
 * @returns same shape; the caller owns it
 */
export function learnedLogVariance(
  schedule: NoiseSchedule,
  t: Timesteps,
  output: Batch,
): tf.Tensor {
  assertNoisy("learnedLogVariance", t, { output });
  return tf.tidy(() =>
    logVarianceBetween(output, {
      small: fixedLogVariance(schedule, t, output, "posterior"),
      large: fixedLogVariance(schedule, t, output, "beta"),
    }),
  );
}

/** v `large` + (1 − v) `small` with v = (output + 1) / 2; for use inside a tidy. */
export function logVarianceBetween(
  output: tf.Tensor,
  { small, large }: Readonly<Record<"small" | "large", tf.Tensor>>,
): tf.Tensor {
  const v = output.add(1).div(2);
  return v.mul(large).add(tf.sub(1, v).mul(small));
}

/**
 * What a network with a learnt variance says: two halves of its channels, first ε̂, then what
 * `learnedLogVariance` takes; for use inside a tidy.
 *
 * @throws ShapeError if the channels are odd
 */
export function splitLearnedVariance<X extends Batch>(where: string, output: X): [X, X] {
  assertBatch(where, "network output", output);
  const channels = output.shape.at(-1) as number;
  if (channels % 2 === 0) return tf.split(output as Batch, 2, -1) as [X, X];
  throw new ShapeError(
    `${where}: a learned variance needs an even number of channels, got ${channels}.`,
  );
}

/**
 * The reverse step of a network that also learns its variance (see `splitLearnedVariance`).
 *
 * @eq IDDPM.15
 * @returns a kernel; the mean and log-variance that it returns are the caller's
 */
export function learnedVarianceKernel<X extends Batch, C>(
  network: Denoiser<X, C>,
  schedule: NoiseSchedule,
): ReverseKernel<X, C> {
  return (xt, t, condition) =>
    tf.tidy(() => {
      const output = network(xt, t, condition); // (B, ..., 2C)
      const [noise, variance] = splitLearnedVariance("learnedVarianceKernel", output);
      return {
        mean: reverseMean(schedule, t, { xt, noise }),
        logVar: learnedLogVariance(schedule, t, variance),
      };
    });
}
