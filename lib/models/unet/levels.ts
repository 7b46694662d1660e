import type { Rng } from "../../core/random";
import type { tf } from "../../engine/tf";
import { Conv2d } from "../../nn/conv";
import { Module } from "../../nn/module";
import { type BlockConfig, PixelAttention, ResBlock } from "./blocks";
import type { UnetConfig } from "./unet";

/** One size of pictures: residual blocks, attention after each if the size asks for it. */
export class Level extends Module {
  readonly res: readonly ResBlock[];
  readonly attn: readonly PixelAttention[];
  /** To the next size; absent at the last. */
  readonly resize: Conv2d | undefined;

  constructor(res: readonly ResBlock[], attn: readonly PixelAttention[], resize?: Conv2d) {
    super();
    [this.res, this.attn, this.resize] = [res, attn, resize];
  }

  /** Block `i` and the attention after it. */
  block(i: number, x: tf.Tensor4D, timeFeatures: tf.Tensor2D): tf.Tensor4D {
    const h = (this.res[i] as ResBlock).forward(x, timeFeatures);
    return this.attn[i]?.forward(h) ?? h;
  }
}

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
    if (index === channelMultipliers.length - 1) return new Level(res, this.attention(index));
    this.skipChannels.push(this.channels);
    return new Level(res, this.attention(index), this.resize(2));
  }

  /** The same level of the way up: one block more, each joined with one of the way down. */
  up(index: number): Level {
    const res = Array.from({ length: this.config.numResBlocks + 1 }, () =>
      this.resBlock(this.channels + (this.skipChannels.pop() as number), index),
    );
    const attn = this.attention(index, 1);
    return index === 0 ? new Level(res, attn) : new Level(res, attn, this.resize(1));
  }

  private resBlock(inChannels: number, index: number): ResBlock {
    const { baseChannels, channelMultipliers } = this.config;
    this.channels = baseChannels * (channelMultipliers[index] as number);
    return new ResBlock(inChannels, this.channels, this.blocks, this.rng);
  }

  private attention(index: number, extraBlocks = 0): PixelAttention[] {
    const { imageSize, attentionSizes, numResBlocks, numHeads = 1 } = this.config;
    if (!attentionSizes.includes(imageSize / 2 ** index)) return [];
    return Array.from(
      { length: numResBlocks + extraBlocks },
      () => new PixelAttention(this.channels, numHeads, this.blocks, this.rng),
    );
  }

  private resize(stride: number): Conv2d {
    return new Conv2d(this.channels, this.channels, this.rng, { stride });
  }
}
