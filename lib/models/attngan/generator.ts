import { assertFloats, assertInteger } from "../../core/guard";
import type { Rng } from "../../core/random";
import type { DiagonalGaussian, Images, Latents } from "../../core/types";
import { tf } from "../../engine/tf";
import { Conv2d, ConvTranspose2d } from "../../nn/conv";
import { Dense } from "../../nn/dense";
import { Module } from "../../nn/module";
import { BatchNorm } from "../../nn/norm";
import { ConditioningAugmentation } from "../stackgan/conditioning";
import { wordContext } from "./word-attention";

export type AttnganConfig = {
  readonly latentDim: number;
  /** The text encoder's `size`. */
  readonly textSize: number;
  readonly conditionSize: number;
  /** Height and width of the small pictures, divisible by 4; the large ones have twice that. */
  readonly smallSize: number;
  readonly imageChannels: number;
  /** Features at each pixel of the small picture: twice as many before it, half as many after. */
  readonly channels: number;
};

/** What the words are for the generator. */
export type WordsOfText = {
  /** `[B, T, textSize]` */
  readonly words: tf.Tensor3D;
  /** `[B, T]`, float32: 1 for words, 0 for padding. */
  readonly mask: tf.Tensor2D;
};

export type AttnganImages = {
  /** `[B, S, S, C]`, in [−1, 1] */
  readonly small: Images;
  /** `[B, 2S, 2S, C]`, in [−1, 1] */
  readonly large: Images;
  /** Which words each pixel of the small picture took in, `[B, S, S, T]`, summing to 1. */
  readonly attention: tf.Tensor4D;
};

/**
 * Two pictures of a text: a small one from the sentence alone, and one of twice the size for which
 * every pixel has looked at the words. Transposed convolutions, as in DCGAN, double the pictures.
 *
 * @see Xu et al. 2018, arXiv:1711.10485v1, §3.1
 */
export class AttnganGenerator extends Module {
  private readonly augmentation: ConditioningAugmentation;
  private readonly start: Dense;
  private readonly startNorm: BatchNorm;
  private readonly grow: ConvTranspose2d[];
  private readonly growNorms: BatchNorm[];
  private readonly wordMap: Dense;
  private readonly refine: Conv2d;
  private readonly refineNorm: BatchNorm;
  private readonly up: ConvTranspose2d;
  private readonly upNorm: BatchNorm;
  private readonly toSmall: Conv2d;
  private readonly toLarge: Conv2d;

  /** @throws ValueError */
  constructor(
    readonly config: AttnganConfig,
    rng: Rng,
  ) {
    super();
    const { latentDim, textSize, conditionSize, smallSize, imageChannels, channels } = config;
    for (const [name, size] of Object.entries(config)) {
      assertInteger("AttnganGenerator", name, size);
    }
    assertInteger("AttnganGenerator", "smallSize / 4", smallSize / 4);
    this.augmentation = new ConditioningAugmentation(textSize, conditionSize, rng);
    const plain = { useBias: false };
    const doubling = { ...plain, kernelSize: 4, stride: 2 };
    const [widest, thin] = [2 * channels, Math.ceil(channels / 2)];
    const pixels = (smallSize / 4) ** 2;
    this.start = new Dense(latentDim + conditionSize, pixels * widest, rng, plain);
    this.startNorm = new BatchNorm(widest);
    this.grow = [widest, channels].map(
      (width) => new ConvTranspose2d(width, channels, rng, doubling),
    );
    this.growNorms = [0, 1].map(() => new BatchNorm(channels));
    this.wordMap = new Dense(textSize, channels, rng, plain);
    this.refine = new Conv2d(2 * channels, thin, rng, plain);
    this.refineNorm = new BatchNorm(thin);
    this.up = new ConvTranspose2d(thin, thin, rng, doubling);
    this.upNorm = new BatchNorm(thin);
    this.toSmall = new Conv2d(channels, imageChannels, rng);
    this.toLarge = new Conv2d(thin, imageChannels, rng);
  }

  /** The Gaussian of the sentence's conditions, `[B, conditionSize]`; the caller owns it. */
  conditions(sentence: tf.Tensor2D): DiagonalGaussian {
    return this.augmentation.forward(sentence);
  }

  /**
   * @param z `[B, latentDim]`
   * @param condition `[B, conditionSize]`, drawn from `conditions(sentence)`
   * @param text the words
   * @returns three tensors; the caller owns them
   * @throws ShapeError
   */
  forward(z: tf.Tensor2D, condition: Latents, { words, mask }: WordsOfText): AttnganImages {
    const { latentDim, conditionSize, textSize } = this.config;
    assertFloats("AttnganGenerator", "z", z, ["B", latentDim]);
    const [batch] = z.shape;
    assertFloats("AttnganGenerator", "condition", condition, [batch, conditionSize]);
    assertFloats("AttnganGenerator", "words", words, [batch, "T", textSize]);
    assertFloats("AttnganGenerator", "mask", mask, words.shape.slice(0, 2));
    return tf.tidy(() => {
      const hidden = this.smallFeatures(z, condition); // h₀ (B, S, S, channels)
      const [, size, , channels] = hidden.shape;
      const { context, attention } = wordContext(
        hidden.reshape([batch, size * size, channels]),
        this.wordMap.forward(words) as tf.Tensor3D,
        mask,
      );
      const both = tf.concat4d([hidden, context.reshape<tf.Tensor4D>(hidden.shape)], 3);
      const refined = tf.relu(this.refineNorm.forward(this.refine.forward(both)));
      const large = tf.relu(this.upNorm.forward(this.up.forward(refined)));
      return {
        small: tf.tanh(this.toSmall.forward(hidden)),
        large: tf.tanh(this.toLarge.forward(large)),
        attention: attention.reshape<tf.Tensor4D>([batch, size, size, -1]),
      };
    });
  }

  private smallFeatures(z: tf.Tensor2D, condition: Latents): Images {
    const side = this.config.smallSize / 4;
    const seed = this.start.forward(tf.concat2d([z, condition], 1));
    const square = seed.reshape<Images>([z.shape[0], side, side, -1]);
    return this.grow.reduce(
      (x, layer, i) => tf.relu((this.growNorms[i] as BatchNorm).forward(layer.forward(x))),
      tf.relu(this.startNorm.forward(square)),
    );
  }
}
