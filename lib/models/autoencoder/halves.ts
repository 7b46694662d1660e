import type { Rng } from "../../core/random";
import { tf } from "../../engine/tf";
import { silu } from "../../nn/activations";
import { Conv2d } from "../../nn/conv";
import { GroupNorm } from "../../nn/group-norm";
import { Module } from "../../nn/module";
import { upsampleNearest } from "../../nn/resample";
import { ResBlock } from "../unet/blocks";
import type { AutoencoderConfig } from "./autoencoder";

/** Residual blocks of one picture size, then the way to the next. */
class Stage extends Module {
  readonly blocks: readonly ResBlock[];
  /** To the next size; absent at the last. */
  readonly resize: Conv2d | undefined;

  constructor(blocks: readonly ResBlock[], resize: Conv2d | undefined) {
    super();
    [this.blocks, this.resize] = [blocks, resize];
  }

  forward(x: tf.Tensor4D): tf.Tensor4D {
    return this.blocks.reduce((h, block) => block.forward(h), x);
  }
}

/** Pictures to maps of 2 · `latentChannels`: mean and log variance. */
export class Encoder extends Module {
  readonly convIn: Conv2d;
  readonly stages: readonly Stage[];
  readonly norm: GroupNorm;
  readonly convOut: Conv2d;

  constructor(config: AutoencoderConfig, rng: Rng) {
    super();
    const widths = widthsOf(config);
    this.convIn = new Conv2d(config.imageChannels, widths[0] as number, rng);
    this.stages = stagesOf(config, widths, { stride: 2, rng });
    const last = widths.at(-1) as number;
    this.norm = new GroupNorm(groupsOf(config), last);
    this.convOut = new Conv2d(last, 2 * config.latentChannels, rng);
  }

  forward(x: tf.Tensor4D): tf.Tensor4D {
    let h = this.convIn.forward(x);
    for (const stage of this.stages) {
      h = stage.forward(h);
      if (stage.resize !== undefined) h = stage.resize.forward(h);
    }
    return this.convOut.forward(silu(this.norm.forward(h)));
  }
}

/** Latent maps to pictures. */
export class Decoder extends Module {
  readonly convIn: Conv2d;
  readonly stages: readonly Stage[];
  readonly norm: GroupNorm;
  readonly convOut: Conv2d;

  constructor(config: AutoencoderConfig, rng: Rng) {
    super();
    const widths = widthsOf(config).reverse();
    this.convIn = new Conv2d(config.latentChannels, widths[0] as number, rng);
    this.stages = stagesOf(config, widths, { stride: 1, rng });
    const last = widths.at(-1) as number;
    this.norm = new GroupNorm(groupsOf(config), last);
    this.convOut = new Conv2d(last, config.imageChannels, rng);
  }

  forward(z: tf.Tensor4D): tf.Tensor4D {
    let h = this.convIn.forward(z);
    for (const stage of this.stages) {
      h = stage.forward(h);
      if (stage.resize !== undefined) h = stage.resize.forward(upsampleNearest(h));
    }
    return this.convOut.forward(silu(this.norm.forward(h)));
  }
}

function widthsOf({ baseChannels, channelMultipliers }: AutoencoderConfig): number[] {
  return channelMultipliers.map((multiplier) => baseChannels * multiplier);
}

function groupsOf({ numGroups = 8 }: AutoencoderConfig): number {
  return numGroups;
}

function stagesOf(
  config: AutoencoderConfig,
  widths: readonly number[],
  { stride, rng }: { readonly stride: number; readonly rng: Rng },
): Stage[] {
  return widths.map((width, i) => {
    const before = widths[i - 1] ?? width;
    const blocks = Array.from(
      { length: config.numResBlocks },
      (_, j) => new ResBlock(j === 0 ? before : width, width, { numGroups: groupsOf(config) }, rng),
    );
    const isLast = i === widths.length - 1;
    return new Stage(blocks, isLast ? undefined : new Conv2d(width, width, rng, { stride }));
  });
}
