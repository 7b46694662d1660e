import { assertFloats } from "../../core/guard";
import type { Rng } from "../../core/random";
import type { Images } from "../../core/types";
import { tf } from "../../engine/tf";
import { leakyRelu } from "../../nn/activations";
import { Conv2d } from "../../nn/conv";
import { Dense } from "../../nn/dense";
import { minibatchStandardDeviation } from "../../nn/minibatch-std";
import { Module } from "../../nn/module";
import { averagePool } from "../../nn/resample";
import { equalized } from "../../nn/weight-map";
import { assertProgan, assertStage, fadeIn, type Growth, type ProganConfig } from "./growth";

/**
 * The mirror image of `ProganGenerator`, which grows at its first layers; at the smallest size it
 * compares the examples of the batch.
 *
 * @see Karras et al. 2018, arXiv:1710.10196v3
 */
export class ProganDiscriminator extends Module {
  /** From colours, at each size. */
  private readonly fromImage: Conv2d[];
  /** Two convolutions for each size but the smallest, from the second smallest up. */
  private readonly blocks: (readonly [Conv2d, Conv2d])[];
  private readonly lastConv: Conv2d;
  private readonly hidden: Dense;
  private readonly out: Dense;

  /** @throws ShapeError, ValueError */
  constructor(
    readonly config: ProganConfig,
    rng: Rng,
  ) {
    super();
    assertProgan("ProganDiscriminator", config);
    const { channels, startSize, imageChannels } = config;
    const first = channels[0] as number;
    const pointwise = { ...equalized(), kernelSize: 1 };
    this.fromImage = channels.map((width) => new Conv2d(imageChannels, width, rng, pointwise));
    this.blocks = channels.slice(1).map((width, i) => {
      const shrink = new Conv2d(width, channels[i] as number, rng, equalized());
      return [new Conv2d(width, width, rng, equalized()), shrink] as const;
    });
    this.lastConv = new Conv2d(first + 1, first, rng, equalized());
    this.hidden = new Dense(startSize ** 2 * first, first, rng, equalized());
    this.out = new Dense(first, 1, rng, equalized(1));
  }

  /**
   * @param x `[B, H, W, C]`, H = W = startSize·2^stage, B divisible by the group size
   * @param growth which size, and how far it is faded in
   * @returns logits `[B]`; the caller owns it
   * @throws ShapeError, ValueError
   */
  forward(x: Images, growth: Growth): tf.Tensor1D {
    const { startSize, imageChannels, groupSize } = this.config;
    assertStage("ProganDiscriminator", this.config, growth);
    const size = startSize * 2 ** growth.stage;
    assertFloats("ProganDiscriminator", "x", x, ["B", size, size, imageChannels]);
    return tf.tidy(() => {
      let features = this.featuresOf(x, growth.stage);
      for (let stage = growth.stage; stage > 0; stage--) {
        const now = this.shrink(features, stage);
        const isNewest = stage === growth.stage;
        features = isNewest
          ? fadeIn(this.featuresOf(averagePool(x), stage - 1), now, growth.alphaTensor)
          : now;
      }
      const compared = minibatchStandardDeviation(features, { groupSize }) as Images;
      const last = leakyRelu(this.lastConv.forward(compared)).reshape([x.shape[0], -1]);
      return this.out.forward(leakyRelu(this.hidden.forward(last))).reshape([x.shape[0]]);
    });
  }

  private featuresOf(image: Images, stage: number): Images {
    return leakyRelu((this.fromImage[stage] as Conv2d).forward(image));
  }

  private shrink(features: Images, stage: number): Images {
    const [refine, shrink] = this.blocks[stage - 1] as readonly [Conv2d, Conv2d];
    return averagePool(leakyRelu(shrink.forward(leakyRelu(refine.forward(features)))));
  }
}
