import { assertOneOf } from "../core/guard";
import type { Batch, Denoiser, Timesteps } from "../core/types";
import { tf } from "../engine/tf";
import { assertNoisy, atTimesteps } from "./at-timesteps";
import type { NoiseSchedule } from "./schedule";

/**
 * The clean batch that a noise estimate implies.
 *
 * @eq DDPM.15  x̂_0 = (x_t − √(1 − ᾱ_t) ε̂) / √ᾱ_t
 * @param t `[B]`, int32, 0…T; where ᾱ_t is 0 the result is infinite
 * @param batches `xt` and `noise`, `[B, ...]` both
 * @returns same shape; the caller owns it
 * @throws ShapeError if the shapes differ
 */
export function x0FromNoise<X extends Batch>(
  schedule: NoiseSchedule,
  t: Timesteps,
  { xt, noise }: { readonly xt: X; readonly noise: X },
): X {
  assertNoisy("x0FromNoise", t, { xt, noise });
  return tf.tidy(() => {
    const { signal, spread } = marginal(schedule, t, xt);
    return xt.sub(noise.mul(spread)).div(signal) as X;
  });
}

/**
 * The noise that an estimate of the clean batch implies.
 *
 * @eq R.8  ε̂ = (x_t − √ᾱ_t x̂_0) / √(1 − ᾱ_t)
 * @param t `[B]`, int32, 1…T
 * @param batches `xt` and `x0`, `[B, ...]` both
 * @returns same shape; the caller owns it
 * @throws ShapeError if the shapes differ
 */
export function noiseFromX0<X extends Batch>(
  schedule: NoiseSchedule,
  t: Timesteps,
  { xt, x0 }: { readonly xt: X; readonly x0: X },
): X {
  assertNoisy("noiseFromX0", t, { xt, x0 });
  return tf.tidy(() => {
    const { signal, spread } = marginal(schedule, t, xt);
    return xt.sub(x0.mul(signal)).div(spread) as X;
  });
}

/**
 * v, the direction in which the pair (x_0, ε) turns as t grows. As a target it stays well scaled
 * at both ends of time.
 *
 * v = √ᾱ_t ε − √(1 − ᾱ_t) x_0
 *
 * @param batches `x0` and `noise`, `[B, ...]` both
 * @returns same shape; the caller owns it
 * @throws ShapeError if the shapes differ
 * @see Salimans & Ho 2022, arXiv:2202.00512v2, §4
 */
export function velocity<X extends Batch>(
  schedule: NoiseSchedule,
  t: Timesteps,
  { x0, noise }: { readonly x0: X; readonly noise: X },
): X {
  assertNoisy("velocity", t, { x0, noise });
  return tf.tidy(() => {
    const { signal, spread } = marginal(schedule, t, x0);
    return noise.mul(signal).sub(x0.mul(spread)) as X;
  });
}

/** x̂_0 = √ᾱ_t x_t − √(1 − ᾱ_t) v; finite at every t. `[B, ...]`; the caller owns it. */
export function x0FromVelocity<X extends Batch>(
  schedule: NoiseSchedule,
  t: Timesteps,
  { xt, v }: { readonly xt: X; readonly v: X },
): X {
  assertNoisy("x0FromVelocity", t, { xt, v });
  return tf.tidy(() => {
    const { signal, spread } = marginal(schedule, t, xt);
    return xt.mul(signal).sub(v.mul(spread)) as X;
  });
}

/** ε̂ = √(1 − ᾱ_t) x_t + √ᾱ_t v; finite at every t. `[B, ...]`; the caller owns it. */
export function noiseFromVelocity<X extends Batch>(
  schedule: NoiseSchedule,
  t: Timesteps,
  { xt, v }: { readonly xt: X; readonly v: X },
): X {
  assertNoisy("noiseFromVelocity", t, { xt, v });
  return tf.tidy(() => {
    const { signal, spread } = marginal(schedule, t, xt);
    return xt.mul(spread).add(v.mul(signal)) as X;
  });
}

/**
 * ∇ log p(x_t) ≈ −ε̂ / √(1 − ᾱ_t): the best noise estimate is the score but for a factor.
 *
 * @param t `[B]`, int32, 1…T
 * @param noise ε̂, `[B, ...]`
 * @returns same shape; the caller owns it
 * @see Song & Ermon 2019, arXiv:1907.05600v3, §2; Vincent 2011
 */
export function scoreFromNoise<X extends Batch>(
  schedule: NoiseSchedule,
  t: Timesteps,
  noise: X,
): X {
  assertNoisy("scoreFromNoise", t, { noise });
  return tf.tidy(() => noise.div(marginal(schedule, t, noise).spread).neg() as X);
}

/** ε̂ = −√(1 − ᾱ_t) ∇ log p(x_t): `scoreFromNoise` backwards. */
export function noiseFromScore<X extends Batch>(
  schedule: NoiseSchedule,
  t: Timesteps,
  score: X,
): X {
  assertNoisy("noiseFromScore", t, { score });
  return tf.tidy(() => score.mul(marginal(schedule, t, score).spread).neg() as X);
}

/** What a network puts out. */
export type Prediction = "noise" | "x0" | "v" | "score";

/**
 * Make a denoiser, which predicts ε, of a network that predicts something else.
 *
 * @param network called like a denoiser; its output is what `predicts` says
 * @returns a denoiser; what it returns is the caller's
 * @throws ValueError if `predicts` is none of the four
 */
export function asDenoiser<X extends Batch, C>(
  network: Denoiser<X, C>,
  schedule: NoiseSchedule,
  predicts: Prediction,
): Denoiser<X, C> {
  assertOneOf("asDenoiser", "predicts", predicts, ["noise", "x0", "v", "score"]);
  return (xt, t, condition) =>
    tf.tidy(() => noiseFrom(schedule, t, { xt, predicted: network(xt, t, condition) }, predicts));
}

function noiseFrom<X extends Batch>(
  schedule: NoiseSchedule,
  t: Timesteps,
  { xt, predicted }: { readonly xt: X; readonly predicted: X },
  predicts: Prediction,
): X {
  switch (predicts) {
    case "noise":
      return predicted;
    case "x0":
      return noiseFromX0(schedule, t, { xt, x0: predicted });
    case "v":
      return noiseFromVelocity(schedule, t, { xt, v: predicted });
    case "score":
      return noiseFromScore(schedule, t, predicted);
  }
}

/** √ᾱ_t and √(1 − ᾱ_t) of each example, `[B, 1, …]`. */
function marginal(
  { alphaBar }: NoiseSchedule,
  t: Timesteps,
  x: Batch,
): { readonly signal: tf.Tensor; readonly spread: tf.Tensor } {
  return {
    signal: atTimesteps(alphaBar.map(Math.sqrt), t, x),
    spread: atTimesteps(
      alphaBar.map((value) => Math.sqrt(1 - value)),
      t,
      x,
    ),
  };
}
