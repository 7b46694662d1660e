import { assertDtype, assertInRange, assertReal, assertSameShape } from "../core/guard";
import type { DiagonalGaussian, Latents } from "../core/types";
import { tf } from "../engine/tf";
import { assertGaussian, assertMeets } from "./guard";

const LOG_TWO_PI = Math.log(2 * Math.PI);

/**
 * A sample of q as a differentiable function of its parameters: z = μ + σ ε, σ = exp(logVar / 2).
 * Gradients reach the encoder through μ and σ; the noise is given from outside.
 *
 * @param q `[B, D]`
 * @param noise ε ~ N(0, I), `[B, D]`, or `[K, B, D]` for K samples of each
 * @returns z, shaped like `noise`; the caller owns it
 * @throws ShapeError if mean, logVar and noise disagree
 * @see Kingma & Welling 2014, arXiv:1312.6114v11, §2.4
 */
export function reparametrise<Z extends tf.Tensor = Latents>(q: DiagonalGaussian, noise: Z): Z {
  assertGaussian("reparametrise", q);
  assertMeets("reparametrise", ["noise", noise], q);
  return tf.tidy(() => {
    const std = q.logVar.mul(0.5).exp(); // (B, D)
    return q.mean.add(std.mul(noise)) as Z;
  });
}

/**
 * Keep log-variances where exp and its inverse are finite in float32.
 *
 * @returns a tensor shaped like `logVar`, in [min, max]; the caller owns it
 */
export function clampLogVar<T extends tf.Tensor>(logVar: T, min = -30, max = 20): T {
  assertDtype("clampLogVar", "logVar", logVar, "float32");
  assertReal("clampLogVar", "min", min);
  assertInRange("clampLogVar", "max", max, [min, Number.MAX_VALUE]);
  return tf.clipByValue(logVar, min, max);
}

/**
 * log N(z; μ, σ²), summed over the last axis, in nats.
 *
 * @param z `[..., D]`; leading axes beyond those of `q` are samples
 * @returns `[...]`; the caller owns it
 */
export function gaussianLogDensity(z: tf.Tensor, q: DiagonalGaussian): tf.Tensor {
  assertGaussian("gaussianLogDensity", q);
  assertMeets("gaussianLogDensity", ["z", z], q);
  return tf.tidy(() => {
    const squaredDistance = z.sub(q.mean).square().div(q.logVar.exp()); // (..., D)
    return squaredDistance.add(q.logVar).add(LOG_TWO_PI).sum(-1).mul(-0.5);
  });
}

/** log N(z; 0, I) over the last axis, in nats: the prior of a VAE. `[..., D]` → `[...]`. */
export function standardNormalLogDensity(z: tf.Tensor): tf.Tensor {
  assertDtype("standardNormalLogDensity", "z", z, "float32");
  return tf.tidy(() => z.square().add(LOG_TWO_PI).sum(-1).mul(-0.5));
}

/**
 * How far q is from the prior N(0, I), in nats per example.
 *
 * @eq R.2  KL(q ‖ N(0, I)) = ½ Σ_d (μ² + σ² − 1 − log σ²)
 * @param q `[B, D]`
 * @returns `[B]`, summed over the D dimensions, never below 0 but for rounding; the caller owns it
 * @throws ShapeError if mean and logVar disagree
 * @see Kingma & Welling 2014, arXiv:1312.6114v11, appendix B
 */
export function klToStandardNormal(q: DiagonalGaussian): tf.Tensor1D {
  assertGaussian("klToStandardNormal", q);
  return tf.tidy(() => {
    const variance = q.logVar.exp(); // (B, D)
    const perDimension = q.mean.square().add(variance).sub(1).sub(q.logVar); // (B, D)
    return perDimension.sum<tf.Tensor1D>(-1).mul(0.5);
  });
}

/**
 * KL(q ‖ p) between diagonal Gaussians, in nats per example. The order matters: the expectation is
 * taken under `q`, the first argument.
 *
 * @eq R.2  KL(q ‖ p) = ½ Σ_d (σ_q²/σ_p² + (μ_q − μ_p)²/σ_p² − 1 − log σ_q²/σ_p²)
 * @param q `[B, D]`
 * @param p `[B, D]`
 * @returns `[B]`, summed over the D dimensions; the caller owns it
 * @throws ShapeError if the shapes disagree
 */
export function klDiagonalGaussian(q: DiagonalGaussian, p: DiagonalGaussian): tf.Tensor1D {
  assertGaussian("klDiagonalGaussian", q, "q.");
  assertGaussian("klDiagonalGaussian", p, "p.");
  assertSameShape("klDiagonalGaussian", ["q.mean", "p.mean"], [q.mean, p.mean]);
  return tf.tidy(() => {
    const logRatio = q.logVar.sub(p.logVar); // (B, D), log σ_q²/σ_p²
    const distance = q.mean.sub(p.mean).square().div(p.logVar.exp()); // (B, D)
    return logRatio.exp().add(distance).sub(1).sub(logRatio).sum<tf.Tensor1D>(-1).mul(0.5);
  });
}
