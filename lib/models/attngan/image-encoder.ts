import { ValueError } from "../../core/errors";
import { assertFloats, assertInteger, assertSizes } from "../../core/guard";
import type { Rng } from "../../core/random";
import type { Images } from "../../core/types";
import { tf } from "../../engine/tf";
import { leakyRelu } from "../../nn/activations";
import { Conv2d } from "../../nn/conv";
import { Dense } from "../../nn/dense";
import { Module } from "../../nn/module";

export type ImageEncoderConfig = {
  /** [height, width, channels] */
  readonly imageShape: readonly [number, number, number];
  /** Channels after each halving of the picture. */
  readonly channels: readonly number[];
  /** Features of a region, as many as the text encoder's `size`. */
  readonly size: number;
};

/** A picture as numbers. */
export type EncodedImage = {
  /** v, `[B, N, size]`, row by row of the shrunk picture. */
  readonly regions: tf.Tensor3D;
  /** v̄, `[B, size]` */
  readonly whole: tf.Tensor2D;
};

/**
 * A picture's regions and the picture as a whole, in the space of the texts.
 *
 * @see Xu et al. 2018, arXiv:1711.10485v1, §3.2, eq. 6; a small network, trained with the texts,
 *   stands for their Inception-v3
 */
export class ImageEncoder extends Module {
  private readonly down: Conv2d[];
  private readonly mix: Conv2d;
  private readonly toRegions: Dense;
  private readonly toWhole: Dense;

  /** @throws ShapeError, ValueError */
  constructor(
    readonly config: ImageEncoderConfig,
    rng: Rng,
  ) {
    super();
    const { imageShape, channels, size } = config;
    assertSizes("ImageEncoder", "imageShape", imageShape);
    assertSizes("ImageEncoder", "channels", channels);
    assertInteger("ImageEncoder", "the number of channels", channels.length);
    assertInteger("ImageEncoder", "size", size);
    if (imageShape[0] % 2 ** channels.length !== 0 || imageShape[1] % 2 ** channels.length !== 0) {
      throw new ValueError(
        `ImageEncoder: pictures of ${imageShape[0]} × ${imageShape[1]} cannot be halved ` +
          `${channels.length} times.`,
      );
    }
    this.down = channels.map((width, i) => {
      const inputs = i === 0 ? imageShape[2] : (channels[i - 1] as number);
      return new Conv2d(inputs, width, rng, { kernelSize: 4, stride: 2 });
    });
    const width = channels.at(-1) as number;
    this.mix = new Conv2d(width, width, rng);
    this.toRegions = new Dense(width, size, rng, { useBias: false });
    this.toWhole = new Dense(width, size, rng, { useBias: false });
  }

  /**
   * @param x `[B, H, W, C]`
   * @returns two tensors; the caller owns them
   * @throws ShapeError
   */
  forward(x: Images): EncodedImage {
    assertFloats("ImageEncoder", "x", x, ["B", ...this.config.imageShape]);
    return tf.tidy(() => {
      const small = this.down.reduce((image, layer) => leakyRelu(layer.forward(image)), x);
      const features = leakyRelu(this.mix.forward(small)); // (B, h, w, C)
      const [batch, height, width, channels] = features.shape;
      const flat = features.reshape<tf.Tensor3D>([batch, height * width, channels]);
      return {
        regions: this.toRegions.forward(flat) as tf.Tensor3D,
        whole: this.toWhole.forward(flat.mean(1)) as tf.Tensor2D,
      };
    });
  }
}
