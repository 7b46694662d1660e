import { ValueError } from "../../core/errors";
import { assertFloats, assertInteger, assertSizes } from "../../core/guard";
import type { Rng } from "../../core/random";
import type { Images } from "../../core/types";
import { tf } from "../../engine/tf";
import { leakyRelu } from "../../nn/activations";
import { Conv2d } from "../../nn/conv";
import { Dense } from "../../nn/dense";
import { Module } from "../../nn/module";
import { spectralNorm } from "../../nn/weight-map";

export type TextDiscriminatorConfig = {
  /** [height, width, channels] */
  readonly imageShape: readonly [number, number, number];
  readonly textSize: number;
  /** Channels after each halving of the picture. */
  readonly channels: readonly number[];
  /** Features of the text where it meets the picture; 16 unless told. */
  readonly compressedSize?: number;
};

/**
 * D(x, y) for a text y: the picture shrinks by strided convolutions, the text's vector is put beside
 * every one of its last pixels, and both are judged together. A second logit judges the picture
 * alone, as in StackGAN++ and AttnGAN. Spectral norm instead of batch norm in every layer.
 *
 * @see Zhang et al. 2017, arXiv:1612.03242v2, §3.3
 */
export class TextDiscriminator extends Module {
  private readonly down: Conv2d[];
  private readonly compress: Dense;
  private readonly joint: Conv2d;
  private readonly outJoint: Dense;
  private readonly outAlone: Dense;

  /** @throws ShapeError, ValueError */
  constructor(
    readonly config: TextDiscriminatorConfig,
    rng: Rng,
  ) {
    super();
    const { imageShape, textSize, channels, compressedSize = 16 } = config;
    assertText(config);
    const options = { weightMap: spectralNorm() };
    this.down = channels.map((width, i) => {
      const inputs = i === 0 ? imageShape[2] : (channels[i - 1] as number);
      return new Conv2d(inputs, width, rng, { ...options, kernelSize: 4, stride: 2 });
    });
    const width = channels.at(-1) as number;
    this.compress = new Dense(textSize, compressedSize, rng, options);
    this.joint = new Conv2d(width + compressedSize, width, rng, { ...options, kernelSize: 1 });
    const pixels = (imageShape[0] * imageShape[1]) / 4 ** channels.length;
    this.outJoint = new Dense(pixels * width, 1, rng, options);
    this.outAlone = new Dense(pixels * width, 1, rng, options);
  }

  /**
   * @eq R.5  D(x, y)
   * @param x `[B, H, W, C]`
   * @param text `[B, textSize]`
   * @returns logits `[B]` of the pair and of the picture alone; the caller owns both
   * @throws ShapeError
   */
  forward(x: Images, text: tf.Tensor2D): { pair: tf.Tensor1D; alone: tf.Tensor1D } {
    assertFloats("TextDiscriminator", "x", x, ["B", ...this.config.imageShape]);
    const [batch] = x.shape;
    assertFloats("TextDiscriminator", "text", text, [batch, this.config.textSize]);
    return tf.tidy(() => {
      const small = this.down.reduce((image, layer) => leakyRelu(layer.forward(image)), x);
      const [, height, width] = small.shape;
      const code = leakyRelu(this.compress.forward(text)).reshape<Images>([batch, 1, 1, -1]);
      const both = tf.concat4d([small, code.tile<Images>([1, height, width, 1])], 3);
      const joint = leakyRelu(this.joint.forward(both)).reshape([batch, -1]);
      return {
        pair: this.outJoint.forward(joint).reshape<tf.Tensor1D>([batch]),
        alone: this.outAlone.forward(small.reshape([batch, -1])).reshape<tf.Tensor1D>([batch]),
      };
    });
  }
}

function assertText(config: TextDiscriminatorConfig): void {
  const { imageShape, textSize, channels, compressedSize = 16 } = config;
  assertSizes("TextDiscriminator", "imageShape", imageShape);
  assertInteger("TextDiscriminator", "textSize", textSize);
  assertSizes("TextDiscriminator", "channels", channels);
  assertInteger("TextDiscriminator", "the number of channels", channels.length);
  assertInteger("TextDiscriminator", "compressedSize", compressedSize);
  const factor = 2 ** channels.length;
  if (imageShape[0] % factor === 0 && imageShape[1] % factor === 0) return;
  throw new ValueError(
    `TextDiscriminator: pictures of ${imageShape[0]} × ${imageShape[1]} cannot be halved ` +
      `${channels.length} times.`,
  );
}
