import { assertFloats } from "../core/guard";
import type { DiagonalGaussian, Latents, Loss } from "../core/types";
import { tf } from "../engine/tf";
import { klToStandardNormal, reparametrise } from "./gaussian";
import { assertGaussian } from "./guard";

/** A sampled condition and what it costs. */
export type SampledCondition = {
  /** `[B, D]` */
  readonly condition: Latents;
  /** Mean over the batch, nats: a scalar. */
  readonly kl: Loss;
};

/**
 * A text's condition, drawn from a Gaussian around its embedding: neighbouring texts overlap, so
 * that few texts cover the space. The KL term keeps the Gaussians from shrinking to points.
 *
 * @eq STACKGAN.2  c = μ + σ ε, and mean KL(N(μ, σ²) ‖ N(0, I))
 * @param q what the text's network gave, `[B, D]`
 * @param noise ε ~ N(0, I), `[B, D]`
 * @returns two tensors; the caller owns them
 * @throws ShapeError
 * @see Zhang et al. 2017, arXiv:1612.03242v2, §3.2
 */
export function augmentCondition(q: DiagonalGaussian, noise: Latents): SampledCondition {
  assertGaussian("augmentCondition", q);
  assertFloats("augmentCondition", "noise", noise, q.mean.shape);
  return tf.tidy(() => ({
    condition: reparametrise(q, noise),
    kl: klToStandardNormal(q).mean<Loss>(),
  }));
}
