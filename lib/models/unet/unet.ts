import {
  assertDtype,
  assertFloats,
  assertInteger,
  assertShape,
  assertSizes,
} from "../../core/guard";
import { dataParallel } from "../../core/data-parallel";
import { ValueError } from "../../core/errors";
import type { Rng } from "../../core/random";
import type { Images, Labels, Timesteps } from "../../core/types";
import { tf } from "../../engine/tf";
import { silu } from "../../nn/activations";
import { Conv2d } from "../../nn/conv";
import { Dense } from "../../nn/dense";
import { LabelEmbedding, sinusoidalEmbedding } from "../../nn/embedding";
import { zeros } from "../../nn/init";
import { Module } from "../../nn/module";
import { GroupNorm } from "../../nn/group-norm";
import { patchify, unpatchify } from "../../nn/patches";
import { upsampleNearest } from "../../nn/resample";
import {
  assertConditionConfig,
  type Condition,
  type ConditionConfig,
  type ConditionParts,
  sortCondition,
} from "../condition";
import { assertDivides, PixelAttention, PixelCrossAttention, ResBlock } from "./blocks";
import { type BlockInputs, type Level, LevelBuilder } from "./levels";

export type UnetConfig = ConditionConfig & {
  /** Height and width of the pictures: a multiple of patchSize · 2^(levels − 1). */
  readonly imageSize: number;
  readonly imageChannels: number;
  /** So many pixels squared enter as the channels of one; 1 unless told. 2 is a quarter of the work. */
  readonly patchSize?: number;
  readonly baseChannels: number;
  /** Channels of each level over `baseChannels`, from the finest level down. */
  readonly channelMultipliers: readonly number[];
  readonly numResBlocks: number;
  /** Sizes, in patches, at which these attend to each other. */
  readonly attentionSizes: readonly number[];
  readonly numHeads?: number;
  readonly numGroups?: number;
  /** Features of the time embedding; 4 · `baseChannels` unless told. */
  readonly timeSize?: number;
};

/**
 * The U-Net of DDPM: predicts the noise in a picture, given the timestep and perhaps a class. Its
 * last convolution is zero at first, so that it begins by predicting no noise.
 *
 * @see Ho, Jain & Abbeel 2020, arXiv:2006.11239v2, appendix B
 */
export class Unet extends Module {
  readonly time: { readonly dense0: Dense; readonly dense1: Dense };
  readonly label: LabelEmbedding | undefined;
  readonly convIn: Conv2d;
  readonly down: readonly Level[];
  readonly mid: {
    readonly res0: ResBlock;
    readonly attn: PixelAttention;
    readonly cross: PixelCrossAttention | undefined;
    readonly res1: ResBlock;
  };
  /** From the coarsest level up. */
  readonly up: readonly Level[];
  readonly out: { readonly norm: GroupNorm; readonly conv: Conv2d };
  private readonly timeWaves: number;

  /** @throws ValueError if a size does not fit, e.g. groups that do not divide the channels */
  constructor(
    readonly config: UnetConfig,
    rng: Rng,
  ) {
    super();
    const { imageChannels, baseChannels, channelMultipliers } = config;
    const { numGroups = 8, timeSize = 4 * baseChannels, numHeads = 1 } = config;
    const { numClasses, contextSize, patchSize = 1 } = config;
    assertConfig(config);
    const patchChannels = patchSize ** 2 * imageChannels;
    this.timeWaves = timeSize;
    this.time = {
      dense0: new Dense(timeSize, timeSize, rng),
      dense1: new Dense(timeSize, timeSize, rng),
    };
    this.label =
      numClasses === undefined ? undefined : new LabelEmbedding(numClasses, timeSize, rng);
    this.convIn = new Conv2d(patchChannels, baseChannels, rng);
    const builder = new LevelBuilder(config, { numGroups, timeSize }, rng);
    this.down = channelMultipliers.map((_, i) => builder.down(i));
    const { channels } = builder;
    this.mid = {
      res0: new ResBlock(channels, channels, { numGroups, timeSize }, rng),
      attn: new PixelAttention(channels, numHeads, { numGroups }, rng),
      cross:
        contextSize === undefined
          ? undefined
          : new PixelCrossAttention(channels, contextSize, numHeads, rng),
      res1: new ResBlock(channels, channels, { numGroups, timeSize }, rng),
    };
    this.up = channelMultipliers.map((_, i) => builder.up(channelMultipliers.length - 1 - i));
    this.out = {
      norm: new GroupNorm(numGroups, builder.channels),
      conv: new Conv2d(builder.channels, patchChannels, rng, { weightInit: zeros }),
    };
  }

  /**
   * @param x noisy pictures `[B, size, size, C]`
   * @param t timesteps `[B]`
   * @param condition classes `[B]`, 0…K−1, or K for none, or captions; if and only if the network
   *   takes them
   * @returns the noise in `x`, same shape; the caller owns it
   * @throws ShapeError if a shape differs or the condition is missing; ValueError if there is one
   *   for a network that takes none
   */
  forward(x: Images, t: Timesteps, condition?: Condition): Images {
    const { imageSize, imageChannels } = this.config;
    assertFloats("Unet", "x", x, ["B", imageSize, imageSize, imageChannels]);
    assertShape("Unet", "t", t, [x.shape[0]]);
    if (t.dtype !== "int32") assertDtype("Unet", "t", t, "float32");
    const parts = sortCondition("Unet", condition, {
      ...this.config,
      batch: x.shape[0],
    });
    return dataParallel([x, t, parts], (...part) => this.predict(...part));
  }

  private predict(x: Images, t: Timesteps, { labels, text }: ConditionParts): Images {
    const { patchSize = 1 } = this.config;
    return tf.tidy(() => {
      const inputs = { time: this.timeFeatures(t, labels), text };
      const skips: tf.Tensor4D[] = [];
      let h = this.middle(this.descend(toPatches(x, patchSize), inputs, skips), inputs);
      for (const level of this.up) {
        for (let i = 0; i < level.res.length; i++) {
          const joined = tf.concat([h, skips.pop() as tf.Tensor4D], 3);
          h = level.block(i, joined, inputs);
        }
        if (level.resize !== undefined) h = level.resize.forward(upsampleNearest(h));
      }
      return toPixels(this.out.conv.forward(silu(this.out.norm.forward(h))), patchSize);
    });
  }

  /** silu of the embedding of time and class, `[B, timeSize]`: every block takes it like this. */
  private timeFeatures(t: Timesteps, labels: Labels | undefined): tf.Tensor2D {
    const hidden = silu(this.time.dense0.forward(sinusoidalEmbedding(t, this.timeWaves)));
    const embedding = this.time.dense1.forward(hidden);
    const both =
      this.label === undefined || labels === undefined
        ? embedding
        : embedding.add(this.label.forward(labels));
    return silu(both) as tf.Tensor2D;
  }

  /** At the coarsest level. */
  private middle(x: tf.Tensor4D, { time, text }: BlockInputs): tf.Tensor4D {
    const { res0, attn, cross, res1 } = this.mid;
    const mixed = attn.forward(res0.forward(x, time));
    const told = cross === undefined || text === undefined ? mixed : cross.forward(mixed, text);
    return res1.forward(told, time);
  }

  /** The way down; what the way up will need is pushed to `skips`. */
  private descend(x: tf.Tensor4D, inputs: BlockInputs, skips: tf.Tensor4D[]): tf.Tensor4D {
    let h = this.convIn.forward(x);
    skips.push(h);
    for (const level of this.down) {
      for (let i = 0; i < level.res.length; i++) {
        h = level.block(i, h, inputs);
        skips.push(h);
      }
      if (level.resize !== undefined) {
        h = level.resize.forward(h);
        skips.push(h);
      }
    }
    return h;
  }
}

/** `[B, H, W, C]` → `[B, H / p, W / p, p²·C]`. */
function toPatches(x: Images, patchSize: number): tf.Tensor4D {
  if (patchSize === 1) return x;
  const [batch, height, width] = x.shape;
  return patchify(x, patchSize).reshape([batch, height / patchSize, width / patchSize, -1]);
}

/** The inverse of `toPatches`. */
function toPixels(patches: tf.Tensor4D, patchSize: number): Images {
  if (patchSize === 1) return patches;
  const [batch, rows, columns] = patches.shape;
  return unpatchify(patches.reshape([batch, rows * columns, -1]), patchSize, [rows, columns]);
}

/** Everything is checked before the first weight is made, so that a refusal leaves nothing behind. */
function assertConfig(config: UnetConfig): void {
  const { imageSize, baseChannels, channelMultipliers, attentionSizes } = config;
  const { numGroups = 8, numHeads = 1, timeSize = 4 * baseChannels } = config;
  const { numClasses = 1, contextSize = 1, patchSize = 1 } = config;
  const { imageChannels, numResBlocks } = config;
  const sizes = { imageSize, imageChannels, baseChannels, numResBlocks, numGroups, numHeads };
  for (const [name, size] of Object.entries({ ...sizes, numClasses, contextSize, patchSize })) {
    assertInteger("Unet", name, size);
  }
  assertConditionConfig("Unet", config);
  assertInteger("Unet", "timeSize", timeSize, 2);
  assertInteger("Unet", "the number of channelMultipliers", channelMultipliers.length);
  assertSizes("Unet", "channelMultipliers", channelMultipliers);
  assertSizes("Unet", "attentionSizes", attentionSizes);
  const levels = channelMultipliers.length;
  const halvings = levels - 1;
  assertDivides("Unet: imageSize by patchSize", imageSize, patchSize);
  const size = imageSize / patchSize;
  assertDivides(`Unet: imageSize by 2^${halvings}, for ${levels} levels`, size, 2 ** halvings);
  const levelSizes = channelMultipliers.map((_, level) => size / 2 ** level);
  for (const size of attentionSizes) {
    if (levelSizes.includes(size)) continue;
    throw new ValueError(
      `Unet: attentionSizes: no level has pictures of ${size} pixels; ` +
        `there are ${levelSizes.join(", ")}.`,
    );
  }
  for (const multiplier of [1, ...channelMultipliers]) {
    assertDivides("Unet: channels into groups", baseChannels * multiplier, numGroups);
  }
  channelMultipliers.forEach((multiplier, level) => {
    const attends = level === levels - 1 || attentionSizes.includes(levelSizes[level] as number);
    if (attends) assertDivides("Unet: channels into heads", baseChannels * multiplier, numHeads);
  });
}
