import { dataParallel } from "../core/data-parallel";
import { assertDtype, assertFloats, assertInteger, assertShape, assertSizes } from "../core/guard";
import type { Rng } from "../core/random";
import type { Images, Timesteps } from "../core/types";
import { tf } from "../engine/tf";
import { silu } from "../nn/activations";
import { Conv2d } from "../nn/conv";
import { Dense } from "../nn/dense";
import { sinusoidalEmbedding } from "../nn/embedding";
import { GroupNorm } from "../nn/group-norm";
import { Module } from "../nn/module";
import { assertDivides, ResBlock } from "./unet/blocks";

export type ClassifierConfig = {
  /** Height and width of the pictures: a multiple of 2^levels. */
  readonly imageSize: number;
  readonly imageChannels: number;
  readonly numClasses: number;
  /** Channels of each level; each halves the picture. */
  readonly channels: readonly number[];
  /** Numbers by which a picture is known to metrics; 64 unless told. */
  readonly featureSize?: number;
  readonly numGroups?: number;
  /** Features of the time embedding; 64 unless told. */
  readonly timeSize?: number;
};

/**
 * A classifier of noisy pictures, told how noisy they are: half a U-Net. Its gradient guides
 * sampling (R.16); without t, which then is 0, it is a classifier of clean pictures, and its
 * `features` are what metrics compare.
 *
 * @see Dhariwal & Nichol 2021, arXiv:2105.05233v4, §4
 */
export class Classifier extends Module {
  readonly time: { readonly dense0: Dense; readonly dense1: Dense };
  readonly convIn: Conv2d;
  readonly res: readonly ResBlock[];
  readonly down: readonly Conv2d[];
  readonly norm: GroupNorm;
  readonly feature: Dense;
  readonly out: Dense;

  /** @throws ValueError if a size does not fit, e.g. groups that do not divide the channels */
  constructor(
    readonly config: ClassifierConfig,
    rng: Rng,
  ) {
    super();
    const { imageChannels, numClasses, channels } = config;
    const { featureSize = 64, numGroups = 8, timeSize = 64 } = config;
    assertConfig(config);
    this.time = {
      dense0: new Dense(timeSize, timeSize, rng),
      dense1: new Dense(timeSize, timeSize, rng),
    };
    this.convIn = new Conv2d(imageChannels, channels[0] as number, rng);
    this.res = channels.map(
      (width, i) => new ResBlock(channels[i - 1] ?? width, width, { numGroups, timeSize }, rng),
    );
    this.down = channels.map((width) => new Conv2d(width, width, rng, { stride: 2 }));
    const width = channels.at(-1) as number;
    this.norm = new GroupNorm(numGroups, width);
    const last = config.imageSize / 2 ** channels.length;
    this.feature = new Dense(last * last * width, featureSize, rng);
    this.out = new Dense(featureSize, numClasses, rng);
  }

  /**
   * @param x pictures `[B, size, size, C]`, noised to t
   * @param t timesteps `[B]`, 0…T; all 0, clean pictures, unless told
   * @returns one logit per class, `[B, K]`; the caller owns it
   * @throws ShapeError if a shape differs
   */
  forward(x: Images, t?: Timesteps): tf.Tensor2D {
    return tf.tidy(() => this.out.forward(silu(this.features(x, t))) as tf.Tensor2D);
  }

  /**
   * What the last layer reads: the network's own description of a picture.
   *
   * @param x pictures `[B, size, size, C]`, noised to t
   * @param t timesteps `[B]`, 0…T; all 0 unless told
   * @returns `[B, featureSize]`; the caller owns it
   * @throws ShapeError if a shape differs
   */
  features(x: Images, t?: Timesteps): tf.Tensor2D {
    const { imageSize, imageChannels } = this.config;
    assertFloats("Classifier", "x", x, ["B", imageSize, imageSize, imageChannels]);
    if (t !== undefined) {
      assertShape("Classifier", "t", t, [x.shape[0]]);
      assertDtype("Classifier", "t", t, "int32");
    }
    return dataParallel([x, t], (...part) => this.describe(...part));
  }

  private describe(x: Images, t: Timesteps | undefined): tf.Tensor2D {
    const { timeSize = 64 } = this.config;
    return tf.tidy(() => {
      const times = t ?? (tf.zeros([x.shape[0]], "int32") as Timesteps);
      const hidden = silu(this.time.dense0.forward(sinusoidalEmbedding(times, timeSize)));
      const timeFeatures = silu(this.time.dense1.forward(hidden)) as tf.Tensor2D;
      const pixels = this.res.reduce(
        (h, block, i) => (this.down[i] as Conv2d).forward(block.forward(h, timeFeatures)),
        this.convIn.forward(x),
      );
      const flat = silu(this.norm.forward(pixels)).reshape([x.shape[0], -1]);
      return this.feature.forward(flat) as tf.Tensor2D;
    });
  }
}

/** Everything is checked before the first weight is made, so that a refusal leaves nothing behind. */
function assertConfig(config: ClassifierConfig): void {
  const { imageSize, imageChannels, numClasses, channels } = config;
  const { featureSize = 64, numGroups = 8, timeSize = 64 } = config;
  const sizes = { imageSize, imageChannels, numClasses, featureSize, numGroups };
  for (const [name, size] of Object.entries(sizes)) assertInteger("Classifier", name, size);
  assertInteger("Classifier", "timeSize", timeSize, 2);
  assertInteger("Classifier", "the number of channels", channels.length);
  assertSizes("Classifier", "channels", channels);
  const levels = channels.length;
  assertDivides(`Classifier: imageSize by 2^${levels}`, imageSize, 2 ** levels);
  for (const width of channels) assertDivides("Classifier: channels into groups", width, numGroups);
}

/** Named by the pictures they are for. */
export const CLASSIFIER_PRESETS = {
  "digits-28": { imageSize: 28, imageChannels: 1, numClasses: 10, channels: [16, 32] },
  "digits-8": { imageSize: 8, imageChannels: 1, numClasses: 10, channels: [16, 32] },
} as const satisfies Readonly<Record<string, ClassifierConfig>>;
