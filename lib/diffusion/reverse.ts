import { assertFloats, assertOneOf } from "../core/guard";
import type { Batch, Denoiser, Labels, Timesteps } from "../core/types";
import { tf } from "../engine/tf";
import { assertBatch, assertNoisy, atTimesteps } from "./at-timesteps";
import { posteriorLogVariance } from "./posterior";
import type { NoiseSchedule } from "./schedule";

/** A Gaussian over x_{t−1} whose numbers are independent. */
export type StepGaussian<X extends Batch> = {
  /** `[B, ...]` */
  readonly mean: X;
  /** log σ², of the mean's shape, or `[B, 1, …]` where the numbers of an example share it. */
  readonly logVar: tf.Tensor;
};

/**
 * Refuse a Gaussian whose log-variance has neither the mean's shape nor one number per example.
 *
 * @throws ShapeError
 */
export function assertStepGaussian<X extends Batch>(
  where: string,
  { mean, logVar }: StepGaussian<X>,
): void {
  assertBatch(where, "mean", mean);
  assertBatch(where, "logVar", logVar);
  const isShared = logVar.size === mean.shape[0];
  const axes = isShared ? mean.shape.map((size, axis) => (axis === 0 ? size : 1)) : mean.shape;
  assertFloats(where, "logVar", logVar, axes);
}

/**
 * The learnt reverse step: (x_t, t, condition) → p_θ(x_{t−1} | x_t). With a condition y these are
 * the steps of the conditional chain (R.14).
 *
 * @eq R.9  p_θ(x_{t−1} | x_t) = N(μ_θ(x_t, t), Σ_θ(x_t, t))
 */
export type ReverseKernel<X extends Batch, C = Labels> = (
  xt: X,
  t: Timesteps,
  condition?: C,
) => StepGaussian<X>;

/** A variance that is not learnt: β̃_t, right if x_0 is one point, or β_t, right if x_0 ~ N(0, I). */
export type FixedVariance = "posterior" | "beta";

/**
 * The mean of the reverse step that a noise estimate implies: `posterior` at the implied x̂_0.
 *
 * @eq DDPM.11  μ_θ = (x_t − β_t / √(1 − ᾱ_t) ε̂) / √α_t
 * @param t timesteps `[B]`, int32, 1…T
 * @param batches `xt` and `noise`, ε̂, `[B, ...]` both
 * @returns same shape; the caller owns it
 * @throws ShapeError if the shapes differ
 */
export function reverseMean<X extends Batch>(
  schedule: NoiseSchedule,
  t: Timesteps,
  { xt, noise }: { readonly xt: X; readonly noise: X },
): X {
  assertNoisy("reverseMean", t, { xt, noise });
  const { beta, alpha, alphaBar } = schedule;
  return tf.tidy(() => {
    const spread = atTimesteps(
      alphaBar.map((value) => Math.sqrt(1 - value)),
      t,
      xt,
    ); // √(1 − ᾱ_t)
    const removed = noise.mul(atTimesteps(beta, t, xt)).div(spread);
    return xt.sub(removed).div(atTimesteps(alpha.map(Math.sqrt), t, xt)) as X;
  });
}

/**
 * log σ_t² of a variance that is not learnt.
 *
 * @param t timesteps `[B]`, int32, 1…T
 * @param x the batch that it will meet, `[B, ...]`
 * @returns `[B, 1, …]`; the caller owns it
 * @see Ho, Jain & Abbeel 2020, arXiv:2006.11239v2, §3.2
 */
export function fixedLogVariance(
  schedule: NoiseSchedule,
  t: Timesteps,
  x: Batch,
  variance: FixedVariance = "posterior",
): tf.Tensor {
  assertOneOf("fixedLogVariance", "variance", variance, ["posterior", "beta"]);
  return variance === "posterior"
    ? posteriorLogVariance(schedule, t, x)
    : atTimesteps(schedule.beta.map(Math.log), t, x);
}

/**
 * The reverse step of a denoiser, with a variance that is not learnt.
 *
 * @eq R.9
 * @eq R.14
 * @returns a kernel; the mean and log-variance that it returns are the caller's
 */
export function reverseKernel<X extends Batch, C>(
  denoise: Denoiser<X, C>,
  schedule: NoiseSchedule,
  variance: FixedVariance = "posterior",
): ReverseKernel<X, C> {
  assertOneOf("reverseKernel", "variance", variance, ["posterior", "beta"]);
  return (xt, t, condition) =>
    tf.tidy(() => ({
      mean: reverseMean(schedule, t, { xt, noise: denoise(xt, t, condition) }),
      logVar: fixedLogVariance(schedule, t, xt, variance),
    }));
}

/**
 * A draw of x_{t−1}; the last step, which gives the picture, adds no noise.
 *
 * @eq R.10  x_{t−1} = μ + σ z, z = 0 at t = 1
 * @param t timesteps `[B]`, int32, 1…T
 * @param noise z ~ N(0, I), shaped like the mean
 * @returns same shape; the caller owns it
 * @see Ho, Jain & Abbeel 2020, arXiv:2006.11239v2, algorithm 2
 */
export function sampleStep<X extends Batch>(
  { mean, logVar }: StepGaussian<X>,
  t: Timesteps,
  noise: X,
): X {
  assertNoisy("sampleStep", t, { mean, noise });
  assertStepGaussian("sampleStep", { mean, logVar });
  return tf.tidy(() => {
    const isNoisy = t
      .greater(1)
      .cast("float32")
      .reshape([-1, ...mean.shape.slice(1).map(() => 1)]);
    return mean.add(logVar.div(2).exp().mul(noise).mul(isNoisy)) as X;
  });
}
