import { assertFloats, assertInteger } from "../../core/guard";
import type { Rng } from "../../core/random";
import type { DiagonalGaussian, Images, Latents } from "../../core/types";
import { tf } from "../../engine/tf";
import { Conv2d } from "../../nn/conv";
import { Module } from "../../nn/module";
import { BatchNorm } from "../../nn/norm";
import { upsampleNearest } from "../../nn/resample";
import { assertDcgan, type DcganConfig, DcganGenerator } from "../dcgan";
import { ConditioningAugmentation } from "./conditioning";

export type StageOneConfig = DcganConfig & {
  /** Features of a text. */
  readonly textSize: number;
  /** Features of the sampled condition. */
  readonly conditionSize: number;
};

/**
 * Stage I: small pictures of a text's sampled condition and noise. A DCGAN whose z has the condition
 * beside it.
 *
 * @see Zhang et al. 2017, arXiv:1612.03242v2, §3.3
 */
export class StageOneGenerator extends Module {
  private readonly augmentation: ConditioningAugmentation;
  private readonly generator: DcganGenerator;

  /** @throws ShapeError, ValueError */
  constructor(
    readonly config: StageOneConfig,
    rng: Rng,
  ) {
    super();
    const { textSize, conditionSize, latentDim } = config;
    assertDcgan("StageOneGenerator", config);
    this.augmentation = new ConditioningAugmentation(textSize, conditionSize, rng);
    this.generator = new DcganGenerator({ ...config, latentDim: latentDim + conditionSize }, rng);
  }

  /** The Gaussian of the text's conditions, `[B, conditionSize]`; the caller owns it. */
  conditions(text: tf.Tensor2D): DiagonalGaussian {
    return this.augmentation.forward(text);
  }

  /**
   * @param z `[B, latentDim]`
   * @param condition `[B, conditionSize]`, drawn from `conditions(text)`
   * @returns `[B, H, W, C]`, in [−1, 1]; the caller owns it
   * @throws ShapeError
   */
  forward(z: tf.Tensor2D, condition: Latents): Images {
    assertFloats("StageOneGenerator", "z", z, ["B", this.config.latentDim]);
    const [batch] = z.shape;
    const { conditionSize } = this.config;
    assertFloats("StageOneGenerator", "condition", condition, [batch, conditionSize]);
    return tf.tidy(() => this.generator.forward(tf.concat2d([z, condition], 1)));
  }
}

export type StageTwoConfig = {
  /** Channels of the pictures. */
  readonly imageChannels: number;
  readonly textSize: number;
  readonly conditionSize: number;
  /** Features at each pixel of the small picture. */
  readonly channels: number;
  /** Residual blocks between the two sizes; 2 unless told. */
  readonly numResBlocks?: number;
};

/**
 * Stage II: pictures of twice the size from those of stage I and the text once more, which may mend
 * what stage I left out. It draws no noise but that of its condition.
 *
 * @see Zhang et al. 2017, arXiv:1612.03242v2, §3.4
 */
export class StageTwoGenerator extends Module {
  private readonly augmentation: ConditioningAugmentation;
  private readonly encode: NormedConv;
  private readonly join: NormedConv;
  private readonly residuals: (readonly [NormedConv, NormedConv])[];
  private readonly up: NormedConv;
  private readonly out: Conv2d;

  /** @throws ShapeError, ValueError */
  constructor(
    readonly config: StageTwoConfig,
    rng: Rng,
  ) {
    super();
    const { imageChannels, textSize, conditionSize, channels, numResBlocks = 2 } = config;
    assertInteger("StageTwoGenerator", "imageChannels", imageChannels);
    assertInteger("StageTwoGenerator", "channels", channels);
    assertInteger("StageTwoGenerator", "numResBlocks", numResBlocks, 0);
    this.augmentation = new ConditioningAugmentation(textSize, conditionSize, rng);
    this.encode = new NormedConv(imageChannels, channels, rng);
    this.join = new NormedConv(channels + conditionSize, channels, rng);
    this.residuals = Array.from({ length: numResBlocks }, () => [
      new NormedConv(channels, channels, rng),
      new NormedConv(channels, channels, rng),
    ]);
    this.up = new NormedConv(channels, channels, rng);
    this.out = new Conv2d(channels, imageChannels, rng);
  }

  /** The Gaussian of the text's conditions, `[B, conditionSize]`; the caller owns it. */
  conditions(text: tf.Tensor2D): DiagonalGaussian {
    return this.augmentation.forward(text);
  }

  /**
   * @param small pictures of stage I, `[B, H, W, C]`, in [−1, 1]
   * @param condition `[B, conditionSize]`, drawn from `conditions(text)`
   * @returns `[B, 2H, 2W, C]`, in [−1, 1]; the caller owns it
   * @throws ShapeError
   */
  forward(small: Images, condition: Latents): Images {
    const { imageChannels, conditionSize } = this.config;
    assertFloats("StageTwoGenerator", "small", small, ["B", "H", "W", imageChannels]);
    const [batch, height, width] = small.shape;
    assertFloats("StageTwoGenerator", "condition", condition, [batch, conditionSize]);
    return tf.tidy(() => {
      const plane = condition.reshape<Images>([batch, 1, 1, -1]).tile([1, height, width, 1]);
      const encoded = tf.relu(this.encode.forward(small));
      const joined = tf.relu(this.join.forward(tf.concat4d([encoded, plane as Images], 3)));
      const refined = this.residuals.reduce<Images>((x, [first, second]) => {
        const change = second.forward(tf.relu(first.forward(x)));
        return tf.relu(x.add<Images>(change));
      }, joined);
      const large = tf.relu(this.up.forward(upsampleNearest(refined)));
      return tf.tanh(this.out.forward(large));
    });
  }
}

/** A convolution and batch norm. */
class NormedConv extends Module {
  private readonly conv: Conv2d;
  private readonly norm: BatchNorm;

  constructor(inputs: number, outputs: number, rng: Rng) {
    super();
    this.conv = new Conv2d(inputs, outputs, rng, { useBias: false });
    this.norm = new BatchNorm(outputs);
  }

  forward(x: Images): Images {
    return tf.tidy(() => this.norm.forward(this.conv.forward(x)));
  }
}
