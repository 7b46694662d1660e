import type { Rng } from "../../core/random";
import type { TextContext } from "../../core/types";
import type { tf } from "../../engine/tf";
import { Conv2d } from "../../nn/conv";
import { Module } from "../../nn/module";
import { type BlockConfig, PixelAttention, PixelCrossAttention, ResBlock } from "./blocks";
import type { UnetConfig } from "./unet";

/** What a level may learn of each picture. */
export type BlockInputs = { readonly time: tf.Tensor2D; readonly text: TextContext | undefined };

/** One size of pictures: residual blocks, attention after each if the size asks for it. */
export class Level extends Module {
  readonly res: readonly ResBlock[];
  readonly attn: readonly PixelAttention[];
  readonly cross: readonly PixelCrossAttention[];
  /** To the next size; absent at the last. */
  readonly resize: Conv2d | undefined;

  constructor({ res, attn, cross }: LevelBlocks, resize?: Conv2d) {
    super();
    [this.res, this.attn, this.cross, this.resize] = [res, attn, cross, resize];
  }

  /** Block `i` and the attention after it. */
  block(i: number, x: tf.Tensor4D, { time, text }: BlockInputs): tf.Tensor4D {
    const h = (this.res[i] as ResBlock).forward(x, time);
    const mixed = this.attn[i]?.forward(h) ?? h;
    return text === undefined ? mixed : (this.cross[i]?.forward(mixed, text) ?? mixed);
  }
}

type LevelBlocks = Pick<Level, "res" | "attn" | "cross">;

/** Makes the levels in order, keeping count of channels and of what the way up will be handed. */
export class LevelBuilder {
  /** Channels of what came out last. */
  channels: number;
  private readonly skipChannels: number[];

  constructor(
    private readonly config: UnetConfig,
    private readonly blocks: BlockConfig,
    private readonly rng: Rng,
  ) {
    this.channels = config.baseChannels;
    this.skipChannels = [config.baseChannels];
  }

  /** Level `index` of the way down, from 0, the finest. */
  down(index: number): Level {
    const { numResBlocks, channelMultipliers } = this.config;
    const res = Array.from({ length: numResBlocks }, () => {
      const block = this.resBlock(this.channels, index);
      this.skipChannels.push(this.channels);
      return block;
    });
    const blocks = { res, ...this.attention(index, res.length) };
    if (index === channelMultipliers.length - 1) return new Level(blocks);
    this.skipChannels.push(this.channels);
    return new Level(blocks, this.resize(2));
  }

  /** The same level of the way up: one block more, each joined with one of the way down. */
  up(index: number): Level {
    const res = Array.from({ length: this.config.numResBlocks + 1 }, () =>
      this.resBlock(this.channels + (this.skipChannels.pop() as number), index),
    );
    const blocks = { res, ...this.attention(index, res.length) };
    return index === 0 ? new Level(blocks) : new Level(blocks, this.resize(1));
  }

  private resBlock(inChannels: number, index: number): ResBlock {
    const { baseChannels, channelMultipliers } = this.config;
    this.channels = baseChannels * (channelMultipliers[index] as number);
    return new ResBlock(inChannels, this.channels, this.blocks, this.rng);
  }

  /** After each of `count` blocks: pixels look at each other, then at the caption. */
  private attention(index: number, count: number): Pick<LevelBlocks, "attn" | "cross"> {
    const { imageSize, patchSize = 1, attentionSizes, numHeads = 1, contextSize } = this.config;
    if (!attentionSizes.includes(imageSize / patchSize / 2 ** index))
      return { attn: [], cross: [] };
    const each = <T>(make: () => T): T[] => Array.from({ length: count }, make);
    return {
      attn: each(() => new PixelAttention(this.channels, numHeads, this.blocks, this.rng)),
      cross:
        contextSize === undefined
          ? []
          : each(() => new PixelCrossAttention(this.channels, contextSize, numHeads, this.rng)),
    };
  }

  private resize(stride: number): Conv2d {
    return new Conv2d(this.channels, this.channels, this.rng, { stride });
  }
}
