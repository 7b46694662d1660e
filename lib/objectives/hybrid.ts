import { assertInRange } from "../core/guard";
import { stopGradient } from "../core/ops";
import type { Batch, Denoiser, Labels } from "../core/types";
import { assertBatch } from "../diffusion/at-timesteps";
import { qSample } from "../diffusion/forward";
import { learnedVarianceKernel } from "../diffusion/learned-variance";
import { tf } from "../engine/tf";
import { type DenoisingLossOptions, denoisingErrors, randomTimesteps } from "./denoising";
import { boundTerm, type StepLikelihood } from "./diffusion-bound";

export type HybridLossOptions<C> = Pick<
  DenoisingLossOptions<C>,
  "schedule" | "rng" | "condition"
> & {
  /** λ; 0.001 unless told. */
  readonly boundWeight?: number;
  readonly likelihood?: StepLikelihood;
};

/** The loss, and its two parts before they are weighted. */
export type HybridLoss = {
  readonly loss: tf.Scalar;
  readonly simple: tf.Scalar;
  /** Of all T steps, nats per number. */
  readonly bound: tf.Scalar;
};

/**
 * The loss of a network that also learns its variance. The bound teaches the variance only: through
 * the mean, which L_simple teaches, no gradient of it passes.
 *
 * @eq IDDPM.16  L_simple + λ L_vlb
 * @param network its output has twice the channels of x_t, as `learnedVarianceKernel` takes it
 * @param x0 clean, `[B, ...]`
 * @returns three scalars; the caller owns them
 */
export function hybridLoss<X extends Batch, C = Labels>(
  network: Denoiser<X, C>,
  x0: X,
  options: HybridLossOptions<C>,
): HybridLoss {
  const { schedule, rng, condition, boundWeight = 1e-3, likelihood } = options;
  assertBatch("hybridLoss", "x0", x0);
  assertInRange("hybridLoss", "boundWeight", boundWeight, [0, Number.MAX_VALUE]);
  return tf.tidy(() => {
    const count = x0.shape[0] as number;
    const t = randomTimesteps(schedule, count, rng);
    const noise = rng.normal<X>(x0.shape);
    const output = network(qSample(schedule, t, { x0, noise }), t, condition);
    const [predictedNoise, variance] = tf.split(output as Batch, 2, -1) as [X, X];
    const errors = denoisingErrors(() => predictedNoise, x0, t, { schedule, noise });
    const fixedMean = tf.concat([stopGradient(predictedNoise), variance], -1) as X;
    const kernel = learnedVarianceKernel<X, C>(() => fixedMean, schedule);
    const terms = boundTerm(kernel, x0, t, { schedule, noise, ...(likelihood && { likelihood }) });
    const simple = errors.mean<tf.Scalar>();
    const bound = terms.mean<tf.Scalar>().mul<tf.Scalar>((schedule.numTimesteps * count) / x0.size);
    return { loss: simple.add(bound.mul(boundWeight)), simple, bound };
  });
}
