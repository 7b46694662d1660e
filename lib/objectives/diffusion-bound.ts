import { assertInteger } from "../core/guard";
import type { Rng } from "../core/random";
import { type Estimate, estimate } from "../core/statistics";
import type { Batch, DiagonalGaussian, Labels, Latents, Timesteps } from "../core/types";
import { assertBatch, assertNoisy } from "../diffusion/at-timesteps";
import { qSample } from "../diffusion/forward";
import { bitsPerDimension } from "../diffusion/likelihood";
import { posterior, posteriorLogVariance } from "../diffusion/posterior";
import type { ReverseKernel, StepGaussian } from "../diffusion/reverse";
import type { NoiseSchedule } from "../diffusion/schedule";
import { tf } from "../engine/tf";
import { randomTimesteps } from "./denoising";
import { klDiagonalGaussian, klToStandardNormal } from "./gaussian";
import { discretisedGaussianLogLikelihood } from "./likelihood";

/** log p(x_0 | x_1) from the last step's Gaussian: nats per example. */
export type StepLikelihood = (mean: tf.Tensor, x0: tf.Tensor, logVar: tf.Tensor) => tf.Tensor1D;

/**
 * What is left of x_0 at t = T: L_T. Nothing is learnt here, so the schedule alone makes it small.
 *
 * @eq R.12  L_T = KL(q(x_T | x_0) ‖ N(0, I))
 * @param x0 clean, `[B, ...]`
 * @returns nats per example, `[B]`; the caller owns it
 */
export function priorKl(schedule: NoiseSchedule, x0: Batch): tf.Tensor1D {
  assertBatch("priorKl", "x0", x0);
  return tf.tidy(() => {
    const alphaBar = schedule.alphaBar[schedule.numTimesteps] as number;
    const mean = x0.mul(Math.sqrt(alphaBar)).reshape<Latents>([x0.shape[0] as number, -1]);
    return klToStandardNormal({ mean, logVar: tf.fill(mean.shape, Math.log(1 - alphaBar)) });
  });
}

export type BoundTermOptions<X extends Batch, C> = {
  readonly schedule: NoiseSchedule;
  /** ε ~ N(0, I), shaped like x0: makes the x_t at which the kernel is asked. */
  readonly noise: X;
  readonly condition?: C | undefined;
  /** Default: 256 grey levels in [−1, 1]. `gaussianLogLikelihood` is for data that are no pixels. */
  readonly likelihood?: StepLikelihood;
};

/**
 * One term of the bound for each example, estimated at one x_t ~ q(x_t | x_0).
 *
 * @eq R.12  L_{t−1} = KL(q(x_{t−1} | x_t, x_0) ‖ p_θ(x_{t−1} | x_t)), t ≥ 2
 * @eq R.12  L_0 = −log p_θ(x_0 | x_1), t = 1
 * @param kernel p_θ(x_{t−1} | x_t)
 * @param x0 clean, `[B, ...]`
 * @param t timesteps `[B]`, int32, 1…T, not all the same
 * @returns nats per example, `[B]`; the caller owns it
 * @throws ShapeError if the shapes differ
 */
export function boundTerm<X extends Batch, C = Labels>(
  kernel: ReverseKernel<X, C>,
  x0: X,
  t: Timesteps,
  options: BoundTermOptions<X, C>,
): tf.Tensor1D {
  const { schedule, noise, condition, likelihood = discretisedGaussianLogLikelihood } = options;
  assertNoisy("boundTerm", t, { x0, noise });
  return tf.tidy(() => {
    const xt = qSample(schedule, t, { x0, noise });
    const step = kernel(xt, t, condition); // p_θ(x_{t−1} | x_t)
    const { mean } = posterior(schedule, t, { x0, xt });
    const logVar = posteriorLogVariance(schedule, t, x0);
    const kl = klDiagonalGaussian(flatten({ mean, logVar }), flatten(step)); // (B)
    const reconstruction = likelihood(step.mean, x0, step.logVar).neg(); // (B)
    return tf.where(t.greater(1), kl, reconstruction) as tf.Tensor1D;
  });
}

/** `[B, ...]` → `[B, D]`, the log-variance spelt out for every number. */
function flatten({ mean, logVar }: StepGaussian<Batch>): DiagonalGaussian {
  const shape: [number, number] = [mean.shape[0] as number, -1];
  const all = tf.zerosLike(mean).add(logVar);
  return { mean: mean.reshape<Latents>(shape), logVar: all.reshape<Latents>(shape) };
}

export type BoundOptions<C> = {
  readonly schedule: NoiseSchedule;
  /** Draws the noise, and the timesteps where they are drawn. */
  readonly rng: Rng;
  /** One for each example. */
  readonly condition?: C | undefined;
  readonly likelihood?: StepLikelihood;
};

/** −log p(x_0) is at most this, over a set of examples. */
export type BoundMeasurement = {
  /** Nats per example. */
  readonly nats: Estimate;
  /** The same over log 2 · D, where D numbers make an example. */
  readonly bitsPerDim: Estimate;
};

export type BoundByTimestep = BoundMeasurement & {
  /** Mean L_{t−1} of each step t = 1…T in nats; entry 0 is 0. */
  readonly terms: Float64Array;
  /** Mean L_T in nats. */
  readonly prior: number;
};

/**
 * The whole variational bound, every term of it: T calls of the kernel. What is random is only the
 * one x_t of each example and step.
 *
 * @eq R.11  −log p_θ(x_0) ≤ E_q[−log p_θ(x_{0:T}) / q(x_{1:T} | x_0)]
 * @eq R.12  = L_T + Σ_{t≥2} L_{t−1} + L_0
 * @param kernel p_θ(x_{t−1} | x_t); make it of a compiled network where that is large
 * @param x0 at least two examples, `[N, ...]`
 */
export function variationalBound<X extends Batch, C = Labels>(
  kernel: ReverseKernel<X, C>,
  x0: X,
  { rng, ...options }: BoundOptions<C>,
): BoundByTimestep {
  const { schedule } = options;
  const prior = Array.from(tf.tidy(() => priorKl(schedule, x0).dataSync()));
  const totals = [...prior];
  const terms = new Float64Array(schedule.numTimesteps + 1);
  for (let step = schedule.numTimesteps; step >= 1; step--) {
    const values = tf.tidy(() => {
      const t = tf.fill([totals.length], step, "int32") as Timesteps;
      return boundTerm(kernel, x0, t, { ...options, noise: rng.normal<X>(x0.shape) }).dataSync();
    });
    values.forEach((value, i) => (totals[i] = (totals[i] as number) + value));
    terms[step] = average(values);
  }
  return { ...measurement(totals, x0), terms, prior: average(prior) };
}

/**
 * The bound from a few timesteps of each example, drawn at random: unbiased, and cheap where T is
 * large. The standard error covers examples, timesteps and noise.
 *
 * @eq R.12  E_t[T L_{t−1}] + L_T
 * @param x0 at least two examples, `[N, ...]`
 * @param options `draws` of t for each example; 1 unless told
 */
export function estimateBound<X extends Batch, C = Labels>(
  kernel: ReverseKernel<X, C>,
  x0: X,
  { rng, draws = 1, ...options }: BoundOptions<C> & { readonly draws?: number },
): BoundMeasurement {
  assertInteger("estimateBound", "draws", draws);
  const { schedule } = options;
  const totals = Array.from(tf.tidy(() => priorKl(schedule, x0).dataSync()));
  for (let draw = 0; draw < draws; draw++) {
    const values = tf.tidy(() => {
      const t = randomTimesteps(schedule, totals.length, rng);
      return boundTerm(kernel, x0, t, { ...options, noise: rng.normal<X>(x0.shape) }).dataSync();
    });
    const share = schedule.numTimesteps / draws;
    values.forEach((value, i) => (totals[i] = (totals[i] as number) + share * value));
  }
  return measurement(totals, x0);
}

function measurement(nats: readonly number[], x0: Batch): BoundMeasurement {
  const size = x0.size / nats.length;
  return {
    nats: estimate(nats),
    bitsPerDim: estimate(nats.map((value) => bitsPerDimension(-value, size))),
  };
}

function average(values: ArrayLike<number>): number {
  return Array.from(values).reduce((sum, value) => sum + value, 0) / values.length;
}
