import { assertInRange, assertReal } from "../core/guard";
import type { Batch, Timesteps } from "../core/types";
import { tf } from "../engine/tf";
import { assertAlike, assertGuidanceScale, assertNoisy, atTimesteps } from "./at-timesteps";
import { assertStepGaussian, sampleStep, type StepGaussian } from "./reverse";
import type { NoiseSchedule } from "./schedule";

/**
 * The score of what guidance aims at. It is ∇ log p(x_t | y), by Bayes' rule, only at s = 1.
 *
 * @eq R.15  ∇ log p(x_t) + s ∇ log p(y | x_t)
 * @param batches `score` of x_t and `gradient` of log p(y | x_t), `[B, ...]` both
 * @param guidanceScale s
 * @returns same shape; the caller owns it
 */
export function guidedScore<X extends Batch>(
  { score, gradient }: { readonly score: X; readonly gradient: X },
  guidanceScale: number,
): X {
  assertAlike("guidedScore", { score, gradient });
  assertReal("guidedScore", "guidanceScale", guidanceScale);
  return tf.tidy(() => score.add(gradient.mul(guidanceScale)) as X);
}

/**
 * The mean of a reverse step under classifier guidance: shifted by the *variance* times the gradient.
 *
 * @eq R.16  μ̂ = μ + s Σ ∇ log p(y | x_t)
 * @param gaussian the unguided step
 * @param gradient of log p(y | x_t), shaped like the mean
 * @param guidanceScale s; 0 leaves the step as it is
 * @returns same shape; the caller owns it
 * @throws ShapeError if the shapes differ
 */
export function guidedMean<X extends Batch>(
  { mean, logVar }: StepGaussian<X>,
  gradient: X,
  guidanceScale: number,
): X {
  assertAlike("guidedMean", { mean, gradient });
  assertReal("guidedMean", "guidanceScale", guidanceScale);
  assertStepGaussian("guidedMean", { mean, logVar });
  return tf.tidy(() => mean.add(logVar.exp().mul(gradient).mul(guidanceScale)) as X);
}

/**
 * One step of sampling with classifier guidance; the last step adds no noise.
 *
 * @eq R.A1  x_{t−1} ~ N(μ + s Σ ∇ log p(y | x_t), Σ)
 * @param gaussian the unguided step
 * @param t timesteps `[B]`, int32, 1…T
 * @param step `gradient` of log p(y | x_t), `noise` z ~ N(0, I), both shaped like the mean, and s
 * @returns x_{t−1}, same shape; the caller owns it
 * @see Dhariwal & Nichol 2021, arXiv:2105.05233v4, algorithm 1
 */
export function guidedStep<X extends Batch>(
  { mean, logVar }: StepGaussian<X>,
  t: Timesteps,
  step: { readonly gradient: X; readonly noise: X; readonly guidanceScale: number },
): X {
  const { gradient, noise, guidanceScale } = step;
  assertNoisy("guidedStep", t, { mean, gradient, noise });
  return tf.tidy(() => {
    const shifted = guidedMean({ mean, logVar }, gradient, guidanceScale);
    return sampleStep({ mean: shifted, logVar }, t, noise);
  });
}

/**
 * Classifier guidance for samplers that take a noise estimate, DDIM and its kin.
 *
 * @eq ADM.14  ε̂ = ε − √(1 − ᾱ_t) s ∇ log p(y | x_t)
 * @param t timesteps `[B]`, int32, 1…T
 * @param batches `noise`, the unguided estimate, and `gradient` of log p(y | x_t), `[B, ...]` both
 * @param guidanceScale s; 0 leaves the estimate as it is
 * @returns same shape; the caller owns it
 * @throws ShapeError if the shapes differ
 */
export function guidedNoise<X extends Batch>(
  schedule: NoiseSchedule,
  t: Timesteps,
  { noise, gradient }: { readonly noise: X; readonly gradient: X },
  guidanceScale: number,
): X {
  assertNoisy("guidedNoise", t, { noise, gradient });
  assertReal("guidedNoise", "guidanceScale", guidanceScale);
  return tf.tidy(() => {
    const spread = atTimesteps(
      schedule.alphaBar.map((value) => Math.sqrt(1 - value)),
      t,
      noise,
    );
    return noise.sub(gradient.mul(spread).mul(guidanceScale)) as X;
  });
}

/** Two noise estimates of the same batch, `[B, ...]` both. */
export type NoisePair<X extends Batch> = {
  readonly conditional: X;
  readonly unconditional: X;
};

/**
 * Classifier-free guidance: away from what the network says without the condition.
 *
 * @eq R.17  ε̂ = ε_u + s (ε_c − ε_u)
 * @param guidanceScale s: 0 ignores the condition, 1 is no guidance. Ho & Salimans write w = s − 1. As
 *   a tensor `[]` it is not looked at, and one graph serves every s
 * @returns same shape; the caller owns it
 * @throws ShapeError if the shapes differ
 */
export function combineNoise<X extends Batch>(
  { conditional, unconditional }: NoisePair<X>,
  guidanceScale: number | tf.Scalar,
): X {
  assertAlike("combineNoise", { conditional, unconditional });
  assertGuidanceScale("combineNoise", guidanceScale);
  return tf.tidy(() => unconditional.add(conditional.sub(unconditional).mul(guidanceScale)) as X);
}

/**
 * Bring a guided estimate back to the spread of the conditional one, which guidance inflates.
 *
 * @param batches `guided` and `conditional`, `[B, ...]` both
 * @param amount φ: 0 changes nothing, 1 matches the standard deviation over each example fully
 * @returns same shape; the caller owns it
 * @throws ShapeError if the shapes differ
 * @see Lin et al. 2024, arXiv:2305.08891v4, §3.4
 */
export function rescaleGuided<X extends Batch>(
  { guided, conditional }: { readonly guided: X; readonly conditional: X },
  amount: number,
): X {
  assertAlike("rescaleGuided", { guided, conditional });
  assertInRange("rescaleGuided", "amount", amount, [0, 1]);
  return tf.tidy(() => {
    const ratio = standardDeviation(conditional).div(standardDeviation(guided)); // (B, 1, …)
    return guided.mul(ratio.mul(amount).add(1 - amount)) as X;
  });
}

/** Over all axes but the first, `[B, 1, …]`. */
function standardDeviation(x: Batch): tf.Tensor {
  const axes = x.shape.map((_, axis) => axis).slice(1);
  return x.sub(x.mean(axes, true)).square().mean(axes, true).sqrt();
}
