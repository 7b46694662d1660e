import { dataParallel } from "../core/data-parallel";
import { assertDtype, assertFloats, assertInteger, assertShape } from "../core/guard";
import type { Rng } from "../core/random";
import type { Labels } from "../core/types";
import { tf } from "../engine/tf";
import { silu } from "../nn/activations";
import { Dense } from "../nn/dense";
import { LabelEmbedding, sinusoidalEmbedding } from "../nn/embedding";
import { zeros } from "../nn/init";
import { Module } from "../nn/module";

export type PointDenoiserConfig = {
  /** Numbers of a point. */
  readonly dim?: number;
  /** Features of each layer: an even number. */
  readonly hiddenSize?: number;
  /** Residual layers. */
  readonly depth?: number;
  /** Number of classes, for a network that takes labels. */
  readonly numClasses?: number;
};

/**
 * What the U-Net is to pictures, for points in the plane: predicts the noise in a point, given the
 * time and perhaps a class. Its last layer is zero at first, so that it begins by predicting none.
 *
 * Time is sensed to about one part in a thousand of 0…1000, the timesteps of DDPM: pass SDE times
 * and noise scales through `diffusion.sdeScore` and `diffusion.noiseScaleScore`.
 */
export class PointDenoiser extends Module {
  readonly input: Dense;
  readonly time: Dense;
  readonly label: LabelEmbedding | undefined;
  readonly layers: readonly Dense[];
  readonly out: Dense;

  /** @throws ValueError if a size is not a whole number of at least 1 */
  constructor(
    readonly config: PointDenoiserConfig,
    rng: Rng,
  ) {
    super();
    const { dim = 2, hiddenSize = 128, depth = 3, numClasses } = config;
    assertInteger("PointDenoiser", "dim", dim);
    assertInteger("PointDenoiser", "hiddenSize", hiddenSize, 2);
    assertInteger("PointDenoiser", "depth", depth);
    if (numClasses !== undefined) assertInteger("PointDenoiser", "numClasses", numClasses);
    this.input = new Dense(dim, hiddenSize, rng);
    this.time = new Dense(hiddenSize, hiddenSize, rng);
    this.label =
      numClasses === undefined ? undefined : new LabelEmbedding(numClasses, hiddenSize, rng);
    this.layers = Array.from({ length: depth }, () => new Dense(hiddenSize, hiddenSize, rng));
    this.out = new Dense(hiddenSize, dim, rng, { weightInit: zeros });
  }

  /**
   * @param x noisy points `[B, dim]`
   * @param t times `[B]`, int32 or float32
   * @param labels classes `[B]`, 0…K−1, or K for none; needed if the network takes them
   * @returns the noise in `x`, same shape; the caller owns it
   * @throws ShapeError
   */
  forward(x: tf.Tensor2D, t: tf.Tensor1D, labels?: Labels): tf.Tensor2D {
    assertFloats("PointDenoiser", "x", x, ["B", this.config.dim ?? 2]);
    assertShape("PointDenoiser", "t", t, [x.shape[0]]);
    if (t.dtype !== "int32") assertDtype("PointDenoiser", "t", t, "float32");
    if (this.label !== undefined) {
      assertShape("PointDenoiser", "labels", labels as Labels, [x.shape[0]]);
      assertDtype("PointDenoiser", "labels", labels as Labels, "int32");
    }
    return dataParallel([x, t, labels], (...part) => this.predict(...part));
  }

  private predict(x: tf.Tensor2D, t: tf.Tensor1D, labels: Labels | undefined): tf.Tensor2D {
    return tf.tidy(() => {
      const waves = sinusoidalEmbedding(t, this.config.hiddenSize ?? 128);
      const timeFeatures = this.time.forward(waves);
      const features =
        this.label === undefined
          ? timeFeatures
          : timeFeatures.add(this.label.forward(labels as Labels));
      let h = this.input.forward(x);
      for (const layer of this.layers) h = h.add(layer.forward(silu(h.add(features))));
      return this.out.forward(silu(h)) as tf.Tensor2D;
    });
  }
}
