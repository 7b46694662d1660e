import { assertFloats, assertInRange, assertSameShape } from "../core/guard";
import type { Loss } from "../core/types";
import { perExample } from "../diffusion/sde/noise";
import { tf } from "../engine/tf";
import { assertExamples } from "./guard";

/**
 * A discriminator or critic as the penalties see it: one number per example, `[B, ...]` → `[B]` or
 * `[B, 1]`. It must treat examples separately (no batch norm) and consist of operations that can be
 * differentiated twice, as all of `nn` but max-pooling.
 */
export type Critic = (x: tf.Tensor) => tf.Tensor;

/** Inside the root, so that the norm's own gradient is finite where the critic is flat. */
const TINY = 1e-12;

/**
 * ‖∇ₓ D(x)‖ of every example; differentiable by the critic's weights.
 *
 * @param x `[B, ...]`
 * @returns `[B]`; the caller owns it
 * @throws ShapeError
 */
export function inputGradientNorms(critic: Critic, x: tf.Tensor): tf.Tensor1D {
  assertExamples("inputGradientNorms", "x", x);
  return tf.tidy(() => squaredGradientNorms(critic, x).add<tf.Tensor1D>(TINY).sqrt());
}

export type GradientPenaltyOptions = {
  /** λ; 10 unless told. */
  readonly weight?: number;
};

/**
 * How far the critic is from slope 1 between real and generated examples.
 *
 * @eq WGANGP.3  λ mean (‖∇ D(x̂)‖ − 1)², x̂ = u·real + (1 − u)·fake
 * @param examples real and fake, `[B, ...]` both, and u ~ U[0, 1], `[B]`
 * @returns a scalar, differentiable by the critic's weights; the caller owns it
 * @throws ShapeError, ValueError
 * @see Gulrajani et al. 2017, arXiv:1704.00028v3, eq. 3
 */
export function gradientPenalty(
  critic: Critic,
  {
    real,
    fake,
    u,
  }: { readonly real: tf.Tensor; readonly fake: tf.Tensor; readonly u: tf.Tensor1D },
  { weight = 10 }: GradientPenaltyOptions = {},
): Loss {
  assertExamples("gradientPenalty", "real", real);
  assertSameShape("gradientPenalty", ["real", "fake"], [real, fake]);
  assertFloats("gradientPenalty", "fake", fake, real.shape);
  assertFloats("gradientPenalty", "u", u, [real.shape[0] as number]);
  assertInRange("gradientPenalty", "weight", weight, [0, Number.MAX_VALUE]);
  return tf.tidy(() => {
    const between = fake.add(perExample(u, real).mul(real.sub(fake))); // x̂ (B, ...)
    const norms = inputGradientNorms(critic, between); // (B)
    return norms.sub(1).square().mean<Loss>().mul(weight);
  });
}

export type R1Options = {
  /** γ; 10 unless told. */
  readonly gamma?: number;
};

/**
 * How steep the discriminator is at real examples: at the game's end it should be flat there.
 *
 * @eq MGN.9  γ/2 mean ‖∇ D(x)‖² over real x
 * @param real `[B, ...]`
 * @returns a scalar, differentiable by the discriminator's weights; the caller owns it
 * @throws ShapeError, ValueError
 * @see Mescheder, Geiger & Nowozin 2018, arXiv:1801.04406v4, eq. 9
 */
export function r1Penalty(
  discriminator: Critic,
  real: tf.Tensor,
  { gamma = 10 }: R1Options = {},
): Loss {
  assertExamples("r1Penalty", "real", real);
  assertInRange("r1Penalty", "gamma", gamma, [0, Number.MAX_VALUE]);
  return tf.tidy(() =>
    squaredGradientNorms(discriminator, real)
      .mean<Loss>()
      .mul(gamma / 2),
  );
}

/**
 * ‖∇ₓ D(x)‖² of every example: examples do not meet in the critic, so the gradient of the sum holds
 * each one's own.
 *
 * @param x `[B, ...]`
 * @returns `[B]`, differentiable by the critic's weights; the caller owns it
 * @throws ShapeError
 */
export function squaredGradientNorms(critic: Critic, x: tf.Tensor): tf.Tensor1D {
  assertExamples("squaredGradientNorms", "x", x);
  return tf.tidy(() => {
    const slope = tf.grad((point: tf.Tensor) => critic(point).sum())(x); // (B, ...)
    return slope
      .reshape([x.shape[0] as number, -1])
      .square()
      .sum<tf.Tensor1D>(1);
  });
}
