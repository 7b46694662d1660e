import { ValueError } from "../core/errors";
import { assertDtype, assertInRange, assertInteger, assertReal, assertShape } from "../core/guard";
import type { Rng } from "../core/random";
import type { Batch, Denoiser, Labels, Timesteps, Tokens } from "../core/types";
import { tf } from "../engine/tf";
import { assertGuidanceScale, assertNoisy } from "./at-timesteps";
import { combineNoise, guidedMean, guidedNoise, rescaleGuided } from "./guidance";
import { x0FromNoise } from "./prediction";
import type { ReverseKernel } from "./reverse";
import type { NoiseSchedule } from "./schedule";

/**
 * What guidance climbs: log p(y | x_t, t) of each example, `[B]`, or any other differentiable
 * number: how red, how heavy, how far left. Constants do not matter.
 */
export type LogDensity<X extends Batch, C = Labels> = (
  xt: X,
  t: Timesteps,
  condition?: C,
) => tf.Tensor;

/**
 * ∇ log p(y | x_t): the gradient of each example's own value with respect to x_t.
 *
 * @returns shaped like `xt`; the caller owns it
 */
export function logDensityGradient<X extends Batch, C>(
  logDensity: LogDensity<X, C>,
  xt: X,
  t: Timesteps,
  condition?: C,
): X {
  assertNoisy("logDensityGradient", t, { xt });
  return tf.tidy(() => tf.grad((x) => logDensity(x as X, t, condition).sum())(xt) as X);
}

export type GuideOptions = {
  readonly schedule: NoiseSchedule;
  /** s: 0 is none, 1 is Bayes' rule if `logDensity` is log p(y | x_t). */
  readonly guidanceScale: number;
};

/**
 * A denoiser guided by a classifier, or by any differentiable function: the form for every sampler
 * that takes a denoiser.
 *
 * @eq ADM.14
 * @eq R.15
 * @returns a denoiser; what it returns is the caller's
 */
export function guided<X extends Batch, C>(
  denoise: Denoiser<X, C>,
  logDensity: LogDensity<X, C>,
  { schedule, guidanceScale }: GuideOptions,
): Denoiser<X, C> {
  assertReal("guided", "guidanceScale", guidanceScale);
  return (xt, t, condition) =>
    tf.tidy(() => {
      const gradient = logDensityGradient(logDensity, xt, t, condition);
      const noise = denoise(xt, t, condition);
      return guidedNoise(schedule, t, { noise, gradient }, guidanceScale);
    });
}

/**
 * A reverse step guided by a classifier, or by any differentiable function: the form for ancestral
 * sampling.
 *
 * @eq R.16
 * @returns a kernel; the mean and log-variance that it returns are the caller's
 */
export function guidedKernel<X extends Batch, C>(
  kernel: ReverseKernel<X, C>,
  logDensity: LogDensity<X, C>,
  guidanceScale: number,
): ReverseKernel<X, C> {
  assertReal("guidedKernel", "guidanceScale", guidanceScale);
  return (xt, t, condition) =>
    tf.tidy(() => {
      const gradient = logDensityGradient(logDensity, xt, t, condition);
      const gaussian = kernel(xt, t, condition);
      return { mean: guidedMean(gaussian, gradient, guidanceScale), logVar: gaussian.logVar };
    });
}

/**
 * Ask a function of clean pictures about noisy ones: it is given the x̂_0 that the denoiser implies,
 * and its gradient goes back through the denoiser. No classifier of noisy pictures is needed.
 *
 * @param value of each example of a clean batch, `[B]`
 * @see Bansal et al. 2023, arXiv:2302.07121v1, §3.1
 */
export function onImpliedX0<X extends Batch, C>(
  value: (x0: X, condition?: C) => tf.Tensor,
  denoise: Denoiser<X, C>,
  schedule: NoiseSchedule,
): LogDensity<X, C> {
  return (xt, t, condition) => {
    const noise = denoise(xt, t, condition);
    return value(x0FromNoise(schedule, t, { xt, noise }), condition);
  };
}

export type ClassifierFreeOptions<C> = {
  /** s: 0 ignores the condition, 1 is no guidance. As a tensor, one graph serves every s. */
  readonly guidanceScale: number | tf.Scalar;
  /** "No condition" for as many examples as the condition has; `nullLabels` for classes. */
  readonly nullCondition: (condition: C) => C;
  /** φ of `rescaleGuided`; 0 unless told. */
  readonly rescale?: number;
};

/**
 * A denoiser under classifier-free guidance: one call of the network with twice the batch. With
 * s = 1 it is the conditional network, with s = 0 the unconditional one, each called alone.
 *
 * @eq R.17
 * @param denoise trained with and without its condition (see `dropLabels`)
 * @returns a denoiser that must be given a condition; what it returns is the caller's
 */
export function classifierFree<X extends Batch, C extends tf.Tensor = Labels>(
  denoise: Denoiser<X, C>,
  { guidanceScale, nullCondition, rescale = 0 }: ClassifierFreeOptions<C>,
): Denoiser<X, C> {
  assertGuidanceScale("classifierFree", guidanceScale);
  assertInRange("classifierFree", "rescale", rescale, [0, 1]);
  return (xt, t, condition) => {
    if (condition === undefined) {
      throw new ValueError("classifierFree: there is no condition to guide by.");
    }
    return tf.tidy(() => {
      if (guidanceScale === 1) return denoise(xt, t, condition);
      const none = nullCondition(condition);
      if (guidanceScale === 0) return denoise(xt, t, none);
      const both = denoise(tf.concat([xt, xt]), tf.concat([t, t]), tf.concat([condition, none]));
      const [conditional, unconditional] = tf.split(both, 2) as [X, X];
      const guided = combineNoise({ conditional, unconditional }, guidanceScale);
      return rescale === 0 ? guided : rescaleGuided({ guided, conditional }, rescale);
    });
  };
}

/** Labels that say "no class", as many as are given. @param nullLabel K, for a network of K classes */
export function nullLabels(nullLabel: number): (labels: Labels) => Labels {
  assertInteger("nullLabels", "nullLabel", nullLabel, 0);
  return (labels) => tf.fill(labels.shape, nullLabel, "int32") as Labels;
}

export type LabelDropOptions = {
  /** "No class": K, for a network of K classes. */
  readonly nullLabel: number;
  /** Chance of each label to be dropped; 0.1 unless told. */
  readonly labelDropProbability?: number;
};

/**
 * Replace some labels by "no class", so that one network learns both estimates that guidance needs.
 *
 * @eq R.17  training
 * @param labels `[B]`, int32
 * @returns `[B]`, int32; the caller owns it
 * @see Ho & Salimans 2022, arXiv:2207.12598v1, algorithm 1
 */
export function dropLabels(
  labels: Labels,
  rng: Rng,
  { nullLabel, labelDropProbability = 0.1 }: LabelDropOptions,
): Labels {
  assertShape("dropLabels", "labels", labels, ["B"]);
  assertDtype("dropLabels", "labels", labels, "int32");
  assertInteger("dropLabels", "nullLabel", nullLabel, 0);
  assertInRange("dropLabels", "labelDropProbability", labelDropProbability, [0, 1]);
  return tf.tidy(() => {
    const isDropped = rng.uniform<tf.Tensor1D>(labels.shape).less(labelDropProbability);
    return tf.where(isDropped, tf.fill(labels.shape, nullLabel, "int32"), labels) as Labels;
  });
}

/**
 * Replace some captions by padding alone, "no caption", for the same purpose.
 *
 * @eq R.17  training
 * @param tokens ids `[B, L]`, int32
 * @param options chance of each caption to be dropped; 0.1 unless told
 * @returns `[B, L]`, int32; the caller owns it
 */
export function dropCaptions(
  tokens: Tokens,
  rng: Rng,
  { captionDropProbability = 0.1 }: { readonly captionDropProbability?: number } = {},
): Tokens {
  assertShape("dropCaptions", "tokens", tokens, ["B", "L"]);
  assertDtype("dropCaptions", "tokens", tokens, "int32");
  assertInRange("dropCaptions", "captionDropProbability", captionDropProbability, [0, 1]);
  return tf.tidy(() => {
    const isKept = rng.uniform([tokens.shape[0], 1]).greaterEqual(captionDropProbability);
    return tokens.mul(isKept.cast("int32"));
  });
}
