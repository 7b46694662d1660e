import { assertFloats, assertInteger } from "../../core/guard";
import type { Rng } from "../../core/random";
import type { DiagonalGaussian, Latents } from "../../core/types";
import { tf } from "../../engine/tf";
import { Dense } from "../../nn/dense";
import { Module } from "../../nn/module";

/**
 * The Gaussian of conditions around a text: its mean and log-variance are learnt functions of the
 * text's embedding. `objectives.augmentCondition` draws from it.
 *
 * @see Zhang et al. 2017, arXiv:1612.03242v2, §3.2
 */
export class ConditioningAugmentation extends Module {
  private readonly mean: Dense;
  private readonly logVar: Dense;

  /** @throws ValueError */
  constructor(
    readonly textSize: number,
    readonly conditionSize: number,
    rng: Rng,
  ) {
    super();
    assertInteger("ConditioningAugmentation", "textSize", textSize);
    assertInteger("ConditioningAugmentation", "conditionSize", conditionSize);
    this.mean = new Dense(textSize, conditionSize, rng);
    this.logVar = new Dense(textSize, conditionSize, rng);
  }

  /**
   * @eq STACKGAN.2  N(μ(φ), Σ(φ))
   * @param text φ, `[B, textSize]`
   * @returns mean and logVar, `[B, conditionSize]`; the caller owns both
   * @throws ShapeError
   */
  forward(text: tf.Tensor2D): DiagonalGaussian {
    assertFloats("ConditioningAugmentation", "text", text, ["B", this.textSize]);
    return tf.tidy(() => ({
      mean: this.mean.forward(text) as Latents,
      logVar: this.logVar.forward(text) as Latents,
    }));
  }
}
