import { assertDtype, assertFloats, assertShape } from "../core/guard";
import { logSoftmax } from "../core/ops";
import type { Rng } from "../core/random";
import type { Batch, Labels, Loss, Timesteps } from "../core/types";
import { assertBatch } from "../diffusion/at-timesteps";
import { qSample } from "../diffusion/forward";
import type { NoiseSchedule } from "../diffusion/schedule";
import { tf } from "../engine/tf";

/**
 * log p(y | x) of each example's own class.
 *
 * @param logits `[B, K]`
 * @param labels `[B]`, int32, 0…K−1
 * @returns nats, `[B]`; the caller owns it
 * @throws ShapeError if the shapes differ
 */
export function classLogProbability(logits: tf.Tensor2D, labels: Labels): tf.Tensor1D {
  assertFloats("classLogProbability", "logits", logits, ["B", "K"]);
  assertShape("classLogProbability", "labels", labels, [logits.shape[0]]);
  assertDtype("classLogProbability", "labels", labels, "int32");
  return tf.tidy(() => {
    const isOwn = tf.oneHot(labels, logits.shape[1]).cast("float32"); // (B, K)
    return logSoftmax(logits).mul(isOwn).sum<tf.Tensor1D>(1);
  });
}

/** −log p(y | x), the mean over the batch, in nats; the caller owns it. */
export function crossEntropy(logits: tf.Tensor2D, labels: Labels): Loss {
  return tf.tidy(() => classLogProbability(logits, labels).mean<Loss>().neg());
}

export type NoisyClassifierOptions = {
  readonly schedule: NoiseSchedule;
  /** Draws the timesteps and the noise. */
  readonly rng: Rng;
};

/**
 * The training loss of a classifier that is to guide: it sees pictures at every noise level, t = 0…T.
 *
 * @eq R.16  −E log p_φ(y | x_t, t)
 * @param classify (x_t, t) → logits `[B, K]`
 * @param examples `x` clean, `[B, ...]`, and `labels` `[B]`
 * @returns nats; the caller owns it
 */
export function noisyClassifierLoss<X extends Batch>(
  classify: (xt: X, t: Timesteps) => tf.Tensor2D,
  { x, labels }: { readonly x: X; readonly labels: Labels },
  { schedule, rng }: NoisyClassifierOptions,
): Loss {
  assertBatch("noisyClassifierLoss", "x", x);
  assertShape("noisyClassifierLoss", "labels", labels, [x.shape[0] as number]);
  assertDtype("noisyClassifierLoss", "labels", labels, "int32");
  return tf.tidy(() => {
    const t = rng.integers<Timesteps>([x.shape[0] as number], 0, schedule.numTimesteps + 1);
    const xt = qSample(schedule, t, { x0: x, noise: rng.normal<X>(x.shape) });
    return crossEntropy(classify(xt, t), labels);
  });
}
