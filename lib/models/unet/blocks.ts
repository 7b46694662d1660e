import { ValueError } from "../../core/errors";
import { assertFloats, assertInteger } from "../../core/guard";
import type { Rng } from "../../core/random";
import { tf } from "../../engine/tf";
import { silu } from "../../nn/activations";
import { attention, mergeHeads, splitHeads } from "../../nn/attention";
import { Conv2d } from "../../nn/conv";
import { Dense } from "../../nn/dense";
import { zeros } from "../../nn/init";
import { Module } from "../../nn/module";
import { GroupNorm } from "../../nn/group-norm";

export type GroupConfig = {
  readonly numGroups: number;
  /** Added to the variance of a group: 1e-5 unless told. */
  readonly epsilon?: number;
};

/** What all residual blocks of one network share. */
export type BlockConfig = GroupConfig & {
  /** Features of the time embedding. */
  readonly timeSize: number;
};

/**
 * Two convolutions around a shortcut; the time embedding is added between them. The second
 * convolution is zero at first, so that the block begins as its shortcut.
 *
 * @see Ho, Jain & Abbeel 2020, arXiv:2006.11239v2, appendix B
 */
export class ResBlock extends Module {
  readonly norm0: GroupNorm;
  readonly conv0: Conv2d;
  readonly time: Dense;
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
    assertIntegers("ResBlock", { inChannels, outChannels, timeSize, numGroups });
    assertDivides("ResBlock: channels in into groups", inChannels, numGroups);
    assertDivides("ResBlock: channels out into groups", outChannels, numGroups);
    this.norm0 = new GroupNorm(numGroups, inChannels, { epsilon });
    this.conv0 = new Conv2d(inChannels, outChannels, rng);
    this.time = new Dense(timeSize, outChannels, rng);
    this.norm1 = new GroupNorm(numGroups, outChannels, { epsilon });
    this.conv1 = new Conv2d(outChannels, outChannels, rng, { weightInit: zeros });
    this.skip =
      inChannels === outChannels
        ? undefined
        : new Conv2d(inChannels, outChannels, rng, { kernelSize: 1 });
  }

  /**
   * @param x `[B, H, W, in]`
   * @param timeFeatures `[B, timeSize]`, after the activation
   * @returns `[B, H, W, out]`; the caller owns it
   * @throws ShapeError
   */
  forward(x: tf.Tensor4D, timeFeatures: tf.Tensor2D): tf.Tensor4D {
    assertFloats("ResBlock", "x", x, ["B", "H", "W", this.inChannels]);
    assertFloats("ResBlock", "timeFeatures", timeFeatures, [x.shape[0], this.time.inFeatures]);
    return tf.tidy(() => {
      const shift = this.time.forward(timeFeatures).expandDims(1).expandDims(1); // (B, 1, 1, out)
      const h = this.conv0.forward(silu(this.norm0.forward(x))).add<tf.Tensor4D>(shift);
      const residual = this.conv1.forward(silu(this.norm1.forward(h)));
      return residual.add(this.skip === undefined ? x : this.skip.forward(x));
    });
  }
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

function assertIntegers(where: string, sizes: Readonly<Record<string, number>>): void {
  for (const [name, size] of Object.entries(sizes)) assertInteger(where, name, size);
}

/** Refuse a whole that does not divide into so many parts. @throws ValueError */
export function assertDivides(what: string, whole: number, parts: number): void {
  if (whole % parts === 0) return;
  throw new ValueError(`${what}: ${parts} does not divide ${whole}.`);
}
