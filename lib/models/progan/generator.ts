import { assertFloats } from "../../core/guard";
import type { Rng } from "../../core/random";
import type { Images } from "../../core/types";
import { tf } from "../../engine/tf";
import { leakyRelu } from "../../nn/activations";
import { Conv2d } from "../../nn/conv";
import { Dense } from "../../nn/dense";
import { pixelNorm } from "../../nn/minibatch-std";
import { Module } from "../../nn/module";
import { upsampleNearest } from "../../nn/resample";
import { equalized } from "../../nn/weight-map";
import { assertProgan, assertStage, fadeIn, type Growth, type ProganConfig } from "./growth";

/**
 * A generator that grows: small pictures first, then layers for pictures of twice the size, faded
 * in. Pixel norm after every convolution, equalised learning rates in every layer.
 *
 * @see Karras et al. 2018, arXiv:1710.10196v3
 */
export class ProganGenerator extends Module {
  private readonly start: Dense;
  private readonly startConv: Conv2d;
  /** Two convolutions for each larger size. */
  private readonly blocks: (readonly [Conv2d, Conv2d])[];
  /** To colours, at each size. */
  private readonly toImage: Conv2d[];

  /** @throws ShapeError, ValueError */
  constructor(
    readonly config: ProganConfig,
    rng: Rng,
  ) {
    super();
    assertProgan("ProganGenerator", config);
    const { channels, latentDim, startSize, imageChannels } = config;
    const first = channels[0] as number;
    this.start = new Dense(latentDim, startSize ** 2 * first, rng, equalized());
    this.startConv = new Conv2d(first, first, rng, equalized());
    this.blocks = channels.slice(1).map((width, i) => {
      const grow = new Conv2d(channels[i] as number, width, rng, equalized());
      return [grow, new Conv2d(width, width, rng, equalized())] as const;
    });
    const pointwise = { ...equalized(1), kernelSize: 1 };
    this.toImage = channels.map((width) => new Conv2d(width, imageChannels, rng, pointwise));
  }

  /**
   * @param z `[B, latentDim]`
   * @param growth which size, and how far it is faded in
   * @returns `[B, H, W, C]`, H = W = startSize·2^stage, not bounded; the caller owns it
   * @throws ShapeError, ValueError
   */
  forward(z: tf.Tensor2D, growth: Growth): Images {
    const { latentDim, startSize } = this.config;
    assertFloats("ProganGenerator", "z", z, ["B", latentDim]);
    assertStage("ProganGenerator", this.config, growth);
    return tf.tidy(() => {
      const seed = this.start.forward(pixelNorm(z));
      const square = seed.reshape<Images>([z.shape[0], startSize, startSize, -1]);
      let x = convolve(this.startConv, pixelNorm(leakyRelu(square)));
      let before = x;
      for (const [grow, refine] of this.blocks.slice(0, growth.stage)) {
        before = upsampleNearest(x);
        x = convolve(refine, convolve(grow, before));
      }
      const image = this.imageOf(x, growth.stage);
      if (growth.stage === 0) return image;
      return fadeIn(this.imageOf(before, growth.stage - 1), image, growth.alphaTensor);
    });
  }

  private imageOf(features: Images, stage: number): Images {
    return (this.toImage[stage] as Conv2d).forward(features);
  }
}

function convolve(layer: Conv2d, x: Images): Images {
  return pixelNorm(leakyRelu(layer.forward(x)));
}
