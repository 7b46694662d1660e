import type { Rng } from "../../core/random";
import { tf } from "../../engine/tf";
import { silu } from "../../nn/activations";
import { attention, mergeHeads, splitHeads } from "../../nn/attention";
import { Conv2d } from "../../nn/conv";
import { Dense } from "../../nn/dense";
import { zeros } from "../../nn/init";
import { Module } from "../../nn/module";
import { GroupNorm } from "../../nn/group-norm";

/** What all blocks of one network share. */
export interface BlockConfig {
  readonly numGroups: number;
  /** Features of the time embedding. */
  readonly timeSize: number;
}

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

  constructor(
    inChannels: number,
    outChannels: number,
    { numGroups, timeSize }: BlockConfig,
    rng: Rng,
  ) {
    super();
    this.norm0 = new GroupNorm(numGroups, inChannels);
    this.conv0 = new Conv2d(inChannels, outChannels, rng);
    this.time = new Dense(timeSize, outChannels, rng);
    this.norm1 = new GroupNorm(numGroups, outChannels);
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
   */
  forward(x: tf.Tensor4D, timeFeatures: tf.Tensor2D): tf.Tensor4D {
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

  constructor(
    readonly channels: number,
    readonly numHeads: number,
    numGroups: number,
    rng: Rng,
  ) {
    super();
    this.norm = new GroupNorm(numGroups, channels);
    this.qkv = new Dense(channels, 3 * channels, rng);
    this.projection = new Dense(channels, channels, rng, { weightInit: zeros });
  }

  /** @param x `[B, H, W, C]` @returns the same shape; the caller owns it */
  forward(x: tf.Tensor4D): tf.Tensor4D {
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
