import type { Batch, Timesteps } from "../core/types";
import { tf } from "../engine/tf";
import { assertNoisy, atTimesteps } from "./at-timesteps";
import type { NoiseSchedule } from "./schedule";

/** Mean `[B, ...]` and variance `[B, 1, …]` of x_{t−1}; every number of an example shares it. */
export type Posterior<X extends Batch> = { readonly mean: X; readonly variance: tf.Tensor };

/**
 * Where x_{t−1} was, given where the chain began and where it is: q(x_{t−1} | x_t, x_0).
 *
 * @eq DDPM.7  μ̃_t = √ᾱ_{t−1} β_t / (1−ᾱ_t) x_0 + √α_t (1−ᾱ_{t−1}) / (1−ᾱ_t) x_t
 * @eq DDPM.7  β̃_t = (1−ᾱ_{t−1}) / (1−ᾱ_t) β_t
 * @param t timesteps `[B]`, int32, 1…T
 * @param batches `x0` and `xt`, `[B, ...]` both
 * @returns mean and variance; the variance of t = 1 is 0. The caller owns both
 * @throws ShapeError if the shapes differ
 */
export function posterior<X extends Batch>(
  schedule: NoiseSchedule,
  t: Timesteps,
  { x0, xt }: { readonly x0: X; readonly xt: X },
): Posterior<X> {
  assertNoisy("posterior", t, { x0, xt });
  return tf.tidy(() => {
    const now = (table: Float64Array): tf.Tensor => atTimesteps(table, t, x0); // (B, 1, …)
    const before = (table: Float64Array): tf.Tensor => now(Float64Array.of(NaN, ...table)); // t − 1
    const { beta, alpha, alphaBar } = schedule;
    const noiseShare = alphaBar.map((value) => 1 - value); // 1 − ᾱ
    const gain = before(noiseShare).div(now(noiseShare)); // (1 − ᾱ_{t−1}) / (1 − ᾱ_t)
    const ofX0 = before(alphaBar.map(Math.sqrt)).mul(now(beta)).div(now(noiseShare));
    const ofXt = now(alpha.map(Math.sqrt)).mul(gain);
    return {
      mean: x0.mul(ofX0).add(xt.mul(ofXt)) as X,
      variance: now(beta).mul(gain),
    };
  });
}

/**
 * β̃_t, but that of t = 2 at t = 1, where it is 0 and has no logarithm; β_1 if there is one step only.
 *
 * @eq DDPM.7
 * @param t 1…T
 */
export function clippedPosteriorVariance(schedule: NoiseSchedule, t: number): number {
  const isOnlyStep = schedule.numTimesteps === 1;
  return isOnlyStep ? (schedule.beta[1] as number) : schedule.posteriorVariance(t === 1 ? 2 : t);
}

/**
 * Logarithm of `clippedPosteriorVariance`.
 *
 * @param t timesteps `[B]`, int32, 1…T
 * @param x the batch that it will meet, `[B, ...]`
 * @returns `[B, 1, …]`; the caller owns it
 */
export function posteriorLogVariance(schedule: NoiseSchedule, t: Timesteps, x: Batch): tf.Tensor {
  const logVar = schedule.beta.map((_, s) =>
    s === 0 ? NaN : Math.log(clippedPosteriorVariance(schedule, s)),
  );
  return atTimesteps(logVar, t, x);
}
