import type { Batch, NoiseLevel } from "../../core/types";
import { tf } from "../../engine/tf";
import { assertAlike, assertBatch } from "../at-timesteps";

/** What an SDE does at one time; numbers on the host, or scalars in a compiled step. */
export type SdeCoefficients<N extends number | tf.Scalar = number> = {
  /** f(x, t) = driftRate·x: the drift of all these SDEs is linear. */
  readonly driftRate: N;
  /** g(t) */
  readonly diffusion: N;
};

/**
 * Noise that is added in continuous time, from data at t = 0 to a Gaussian at t = 1.
 *
 * @eq R.21  dx = f(x, t) dt + g(t) dw
 * @see Song et al. 2021, arXiv:2011.13456v2, §3.1 and appendix B
 */
export interface Sde {
  /** Drift and diffusion at time t, in float64. */
  coefficients(t: number): SdeCoefficients;
  /** x_t given x_0, exactly: scale·x_0 + sigma·ε, in float64. */
  marginal(t: number): NoiseLevel<number>;
  /** The same for times `[B]`, in tensors: what training draws its noise with. */
  marginalAt(t: tf.Tensor1D): NoiseLevel<tf.Tensor1D>;
  /** g(t) for times `[B]`. */
  diffusionAt(t: tf.Tensor1D): tf.Tensor1D;
  /** What sampling starts from is N(0, priorStd² I). */
  readonly priorStd: number;
}

/** f(x, t) = driftRate·x. @returns shaped like x; the caller owns it */
export function forwardDrift<X extends Batch>(
  x: X,
  { driftRate }: Pick<SdeCoefficients<number | tf.Scalar>, "driftRate">,
): X {
  assertBatch("forwardDrift", "x", x);
  return tf.tidy(() => x.mul(driftRate) as X);
}

/**
 * The drift that takes noise back to data when time runs from 1 to 0: dt is negative, and w̄ is a
 * Wiener process in reversed time.
 *
 * @eq R.22  f(x, t) − g(t)² ∇ log p_t(x)
 * @param batches `x` and its `score`, of one shape
 * @returns same shape; the caller owns it
 * @see Anderson 1982; Song et al. 2021, arXiv:2011.13456v2, eq. 6
 */
export function reverseDrift<X extends Batch>(
  { x, score }: { readonly x: X; readonly score: X },
  { driftRate, diffusion: g }: SdeCoefficients<number | tf.Scalar>,
): X {
  assertAlike("reverseDrift", { x, score });
  return tf.tidy(() => x.mul(driftRate).sub(score.mul(tf.square(g))) as X);
}

/**
 * The velocity of the ordinary differential equation with the same marginals as the SDE: no noise,
 * and half the score.
 *
 * @eq SDE.13  dx/dt = f(x, t) − ½ g(t)² ∇ log p_t(x)
 * @param batches `x` and its `score`, of one shape
 * @returns same shape; the caller owns it
 */
export function probabilityFlow<X extends Batch>(
  { x, score }: { readonly x: X; readonly score: X },
  { driftRate, diffusion: g }: SdeCoefficients<number | tf.Scalar>,
): X {
  assertAlike("probabilityFlow", { x, score });
  return tf.tidy(() => x.mul(driftRate).sub(score.mul(tf.square(g)).mul(0.5)) as X);
}
