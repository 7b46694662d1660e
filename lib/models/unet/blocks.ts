import { ValueError } from "../../core/errors";
import { assertFloats, assertInteger } from "../../core/guard";
import type { Rng } from "../../core/random";
import type { TextContext } from "../../core/types";
import { tf } from "../../engine/tf";
import { silu } from "../../nn/activations";
import { attention, mergeHeads, splitHeads } from "../../nn/attention";
import { Conv2d } from "../../nn/conv";
import { Dense } from "../../nn/dense";
import { zeros } from "../../nn/init";
import { Module } from "../../nn/module";
import { CrossAttention } from "../../nn/transformer";
import { GroupNorm } from "../../nn/group-norm";

export type GroupConfig = {
  readonly numGroups: number;
  /** Added to the variance of a group: 1e-5 unless told. */
  readonly epsilon?: number;
};

/** What all residual blocks of one network share. */
export type BlockConfig = GroupConfig & {
  /** Features of the time embedding, for blocks that take one. */
  readonly timeSize?: number;
};

/**
 * Two convolutions around a shortcut; a time embedding may be added between them. The second
 * convolution is zero at first, so that the block begins as its shortcut.
 *
 * @see Ho, Jain & Abbeel 2020, arXiv:2006.11239v2, appendix B
 */
export class ResBlock extends Module {
  readonly norm0: GroupNorm;
  readonly conv0: Conv2d;
  readonly time: Dense | undefined;
  readonly norm1: GroupNorm;
  readonly conv1: Conv2d;
  /** 1 × 1, only where the number of channels changes. */
  readonly skip: Conv2d | undefined;

  /** @throws ValueError if groups do not divide the channels */
  constructor(
    readonly inChannels: number,
    readonly outChannels: number,
    { numGroups, timeSize, epsilon = 1e-5 }: BlockConfig,
    rng: Rng,
  ) {
    super();
    assertIntegers("ResBlock", { inChannels, outChannels, numGroups });
    if (timeSize !== undefined) assertIntegers("ResBlock", { timeSize });
    assertDivides("ResBlock: channels in into groups", inChannels, numGroups);
    assertDivides("ResBlock: channels out into groups", outChannels, numGroups);
    this.norm0 = new GroupNorm(numGroups, inChannels, { epsilon });
    this.conv0 = new Conv2d(inChannels, outChannels, rng);
    this.time = timeSize === undefined ? undefined : new Dense(timeSize, outChannels, rng);
    this.norm1 = new GroupNorm(numGroups, outChannels, { epsilon });
    this.conv1 = new Conv2d(outChannels, outChannels, rng, { weightInit: zeros });
    this.skip =
      inChannels === outChannels
        ? undefined
        : new Conv2d(inChannels, outChannels, rng, { kernelSize: 1 });
  }

  /**
   * @param x `[B, H, W, in]`
   * @param timeFeatures `[B, timeSize]`, after the activation; for blocks that take time
   * @returns `[B, H, W, out]`; the caller owns it
   * @throws ShapeError
   */
  forward(x: tf.Tensor4D, timeFeatures?: tf.Tensor2D): tf.Tensor4D {
    assertFloats("ResBlock", "x", x, ["B", "H", "W", this.inChannels]);
    if (this.time !== undefined) {
      const shape = [x.shape[0], this.time.inFeatures];
      assertFloats("ResBlock", "timeFeatures", timeFeatures as tf.Tensor2D, shape);
    }
    return tf.tidy(() => {
      const h = this.conv0.forward(silu(this.norm0.forward(x)));
      const shift = timeFeatures && this.time?.forward(timeFeatures);
      const told = shift === undefined ? h : h.add<tf.Tensor4D>(perChannel(shift));
      const residual = this.conv1.forward(silu(this.norm1.forward(told)));
      return residual.add(this.skip === undefined ? x : this.skip.forward(x));
    });
  }
}

/** `[B, C]` → `[B, 1, 1, C]`. */
function perChannel(x: tf.Tensor): tf.Tensor {
  return x.expandDims(1).expandDims(1);
}

/** Self-attention between all pixels, around a shortcut; begins as its shortcut. */
export class PixelAttention extends Module {
  readonly norm: GroupNorm;
  readonly qkv: Dense;
  readonly projection: Dense;

  /** @throws ValueError if heads or groups do not divide the channels */
  constructor(
    readonly channels: number,
    readonly numHeads: number,
    { numGroups, epsilon = 1e-5 }: GroupConfig,
    rng: Rng,
  ) {
    super();
    assertIntegers("PixelAttention", { channels, numHeads, numGroups });
    assertDivides("PixelAttention: channels into heads", channels, numHeads);
    this.norm = new GroupNorm(numGroups, channels, { epsilon });
    this.qkv = new Dense(channels, 3 * channels, rng);
    this.projection = new Dense(channels, channels, rng, { weightInit: zeros });
  }

  /** @param x `[B, H, W, C]` @returns the same shape; the caller owns it @throws ShapeError */
  forward(x: tf.Tensor4D): tf.Tensor4D {
    assertFloats("PixelAttention", "x", x, ["B", "H", "W", this.channels]);
    const [batch, height, width, channels] = x.shape;
    return tf.tidy(() => {
      const pixels = this.norm.forward(x).reshape([batch, height * width, channels]); // (B, N, C)
      const [q, k, v] = tf
        .split(this.qkv.forward(pixels), 3, 2)
        .map((part) => splitHeads(part, this.numHeads)) as [tf.Tensor4D, tf.Tensor4D, tf.Tensor4D];
      const mixed = this.projection.forward(mergeHeads(attention(q, k, v))); // (B, N, C)
      return x.add(mixed.reshape(x.shape));
    });
  }
}

/** Pixels look at a caption's tokens, around a shortcut; begins as its shortcut. */
export class PixelCrossAttention extends Module {
  readonly cross: CrossAttention;

  /** @throws ValueError if heads do not divide the channels */
  constructor(
    readonly channels: number,
    contextSize: number,
    numHeads: number,
    rng: Rng,
  ) {
    super();
    this.cross = new CrossAttention(channels, contextSize, numHeads, rng);
  }

  /** @param x `[B, H, W, C]` @returns the same shape; the caller owns it @throws ShapeError */
  forward(x: tf.Tensor4D, context: TextContext): tf.Tensor4D {
    assertFloats("PixelCrossAttention", "x", x, ["B", "H", "W", this.channels]);
    const [batch, height, width, channels] = x.shape;
    return tf.tidy(() => {
      const pixels = x.reshape<tf.Tensor3D>([batch, height * width, channels]);
      return this.cross.forward(pixels, context).reshape(x.shape);
    });
  }
}

function assertIntegers(where: string, sizes: Readonly<Record<string, number>>): void {
  for (const [name, size] of Object.entries(sizes)) assertInteger(where, name, size);
}

/** Refuse a whole that does not divide into so many parts. @throws ValueError */
export function assertDivides(what: string, whole: number, parts: number): void {
  if (whole % parts === 0) return;
  throw new ValueError(`${what}: ${parts} does not divide ${whole}.`);
}
