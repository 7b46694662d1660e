import { dataParallel } from "../core/data-parallel";
import { assertFloats, assertInteger, assertSizes } from "../core/guard";
import type { Rng } from "../core/random";
import type { DiagonalGaussian, Images, Latents } from "../core/types";
import { tf } from "../engine/tf";
import { Dense } from "../nn/dense";
import { Module } from "../nn/module";

export type VaeConfig = {
  /** [height, width, channels] */
  readonly imageShape: readonly [number, number, number];
  /** Widths of the encoder's hidden layers; the decoder has them in reverse. */
  readonly hiddenSizes: readonly number[];
  readonly latentDim: number;
};

/**
 * A variational autoencoder of dense layers: an encoder q(z|x) = N(mean, diag(exp(logVar))), a
 * decoder to one logit per pixel, the prior N(0, I). What the logits mean is the likelihood's
 * business (`objectives.bernoulliLogLikelihood`, `gaussianPixels`), so that it can be swapped.
 *
 * @example
 * const vae = new Vae(VAE_PRESETS["784-400-20"], new Rng(1));
 * const { elbo } = objectives.elbo(vae, images, rng.normal([64, 20]));
 * @see Kingma & Welling 2014, arXiv:1312.6114v11, appendix C.1
 */
export class Vae extends Module {
  private readonly encoder: Dense[];
  private readonly encoderMean: Dense;
  private readonly encoderLogVar: Dense;
  private readonly decoder: Dense[];
  private readonly decoderLogits: Dense;

  /** @throws ValueError if a size is not a whole number of at least 1 */
  constructor(
    readonly config: VaeConfig,
    rng: Rng,
  ) {
    super();
    const { imageShape, hiddenSizes, latentDim } = config;
    assertSizes("Vae", "imageShape", imageShape);
    assertSizes("Vae", "hiddenSizes", hiddenSizes);
    const pixels = imageShape.reduce((product, size) => product * size, 1);
    assertInteger("Vae", "latentDim", latentDim);
    this.encoder = hiddenLayers([pixels, ...hiddenSizes], rng);
    const width = hiddenSizes.at(-1) ?? pixels;
    this.encoderMean = new Dense(width, latentDim, rng);
    this.encoderLogVar = new Dense(width, latentDim, rng);
    const reversed = [latentDim, ...[...hiddenSizes].reverse()];
    this.decoder = hiddenLayers(reversed, rng);
    this.decoderLogits = new Dense(reversed.at(-1) as number, pixels, rng);
  }

  /**
   * The approximate posterior q(z|x) of each picture.
   *
   * @param x `[B, H, W, C]`, in [0, 1]
   * @returns mean and logVar, `[B, D]`; the caller owns both
   * @throws ShapeError if the pictures have another size
   */
  encode(x: tf.Tensor): DiagonalGaussian {
    assertFloats("Vae.encode", "x", x, ["B", ...this.config.imageShape]);
    return dataParallel([x], (images) => {
      const flat = images.reshape([images.shape[0] as number, -1]); // (B, H·W·C)
      const hidden = applyHidden(this.encoder, flat); // (B, hidden)
      return {
        mean: this.encoderMean.forward(hidden) as Latents, // (B, D)
        logVar: this.encoderLogVar.forward(hidden) as Latents, // (B, D)
      };
    });
  }

  /**
   * One logit per pixel.
   *
   * @param z `[B, D]`
   * @returns `[B, H, W, C]`; the caller owns it
   * @throws ShapeError if z has another width
   */
  decode(z: Latents): Images {
    assertFloats("Vae.decode", "z", z, ["B", this.config.latentDim]);
    return dataParallel([z], (latents) => {
      const hidden = applyHidden(this.decoder, latents); // (B, hidden)
      const logits = this.decoderLogits.forward(hidden); // (B, H·W·C)
      return logits.reshape([latents.shape[0], ...this.config.imageShape]);
    });
  }

  /**
   * The mean picture E[x|z] of each latent: what most papers show and call a sample.
   *
   * @param z `[B, D]`
   * @returns `[B, H, W, C]`, in [0, 1]; the caller owns it
   */
  meanImage(z: Latents): Images {
    return tf.tidy(() => tf.sigmoid(this.decode(z)));
  }

  /** Mean pictures of `count` latents z ~ N(0, I): `[count, H, W, C]`; the caller owns them. */
  sample(count: number, rng: Rng): Images {
    return tf.tidy(() => this.meanImage(rng.normal([count, this.config.latentDim])));
  }

  /** x → q(z|x) → its mean → E[x|z], in [0, 1]; the caller owns it. */
  reconstruct(x: tf.Tensor): Images {
    return tf.tidy(() => this.meanImage(this.encode(x).mean));
  }
}

function hiddenLayers(sizes: readonly number[], rng: Rng): Dense[] {
  return sizes.slice(1).map((size, i) => new Dense(sizes[i] as number, size, rng));
}

function applyHidden(layers: readonly Dense[], x: tf.Tensor): tf.Tensor {
  return layers.reduce((hidden, layer) => tf.relu(layer.forward(hidden)), x);
}

/** Named by their widths, image to latent. */
export const VAE_PRESETS = {
  "784-400-20": { imageShape: [28, 28, 1], hiddenSizes: [400], latentDim: 20 },
  "784-400-2": { imageShape: [28, 28, 1], hiddenSizes: [400], latentDim: 2 },
  "64-128-8": { imageShape: [8, 8, 1], hiddenSizes: [128], latentDim: 8 },
  "64-128-2": { imageShape: [8, 8, 1], hiddenSizes: [128], latentDim: 2 },
} as const satisfies Readonly<Record<string, VaeConfig>>;
