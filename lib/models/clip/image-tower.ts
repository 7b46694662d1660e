import { assertFloats, assertInteger, assertSizes } from "../../core/guard";
import { ValueError } from "../../core/errors";
import type { Rng } from "../../core/random";
import type { Images } from "../../core/types";
import { tf } from "../../engine/tf";
import { silu } from "../../nn/activations";
import { Conv2d } from "../../nn/conv";
import { Dense } from "../../nn/dense";
import { GroupNorm } from "../../nn/group-norm";
import { Module } from "../../nn/module";

export type ImageTowerConfig = {
  /** Height and width of the pictures: a multiple of 2^(number of channels). */
  readonly imageSize: number;
  readonly imageChannels: number;
  /** Channels of each convolution, each halving the picture; multiples of `numGroups`. */
  readonly channels: readonly number[];
  /** Features of a picture. */
  readonly size: number;
  readonly numGroups?: number;
};

/** An image encoder of strided convolutions. It keeps places apart: "above" is no "below". */
export class ImageTower extends Module {
  readonly convs: readonly Conv2d[];
  readonly norms: readonly GroupNorm[];
  readonly out: Dense;

  /** @throws ValueError if a size does not fit */
  constructor(
    readonly config: ImageTowerConfig,
    rng: Rng,
  ) {
    super();
    const { imageSize, imageChannels, channels, size, numGroups = 8 } = config;
    for (const [name, value] of Object.entries({ imageSize, imageChannels, size, numGroups })) {
      assertInteger("ImageTower", name, value);
    }
    assertSizes("ImageTower", "channels", channels);
    const side = imageSize / 2 ** channels.length;
    if (!Number.isInteger(side) || channels.some((width) => width % numGroups !== 0)) {
      throw new ValueError(
        `ImageTower: imageSize must be a multiple of ${2 ** channels.length}, for ` +
          `${channels.length} halvings, and channels of ${numGroups}; ` +
          `got ${imageSize} and [${channels.join(", ")}].`,
      );
    }
    const widths = [imageChannels, ...channels];
    this.convs = channels.map(
      (width, i) => new Conv2d(widths[i] as number, width, rng, { stride: 2 }),
    );
    this.norms = channels.map((width) => new GroupNorm(numGroups, width));
    this.out = new Dense(side * side * (widths.at(-1) as number), size, rng);
  }

  /**
   * @param images `[B, H, W, C]`, in [−1, 1]
   * @returns `[B, size]`; the caller owns it
   * @throws ShapeError
   */
  forward(images: Images): tf.Tensor2D {
    const { imageSize, imageChannels } = this.config;
    assertFloats("ImageTower", "images", images, ["B", imageSize, imageSize, imageChannels]);
    return tf.tidy(() => {
      const maps = this.convs.reduce(
        (h, conv, i) => silu((this.norms[i] as GroupNorm).forward(conv.forward(h))),
        images,
      );
      return this.out.forward(maps.reshape([images.shape[0], -1])) as tf.Tensor2D;
    });
  }
}
