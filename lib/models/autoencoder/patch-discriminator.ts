import { assertFloats, assertInteger } from "../../core/guard";
import type { Rng } from "../../core/random";
import type { Images } from "../../core/types";
import { tf } from "../../engine/tf";
import { leakyRelu } from "../../nn/activations";
import { Conv2d } from "../../nn/conv";
import { Module } from "../../nn/module";

export type PatchDiscriminatorConfig = {
  readonly imageChannels: number;
  readonly baseChannels: number;
  /** Strided convolutions, each doubling the channels: more of them judge larger patches. */
  readonly depth: number;
};

/**
 * Judges overlapping patches of a picture instead of the whole: one logit for each place.
 *
 * @see Isola et al. 2017, arXiv:1611.07004v3, section 3.2.2
 */
export class PatchDiscriminator extends Module {
  readonly convs: readonly Conv2d[];
  readonly out: Conv2d;

  /** @throws ValueError if a size is not a whole number of at least 1 */
  constructor(
    readonly config: PatchDiscriminatorConfig,
    rng: Rng,
  ) {
    super();
    for (const [name, value] of Object.entries(config)) {
      assertInteger("PatchDiscriminator", name, value);
    }
    const { imageChannels, baseChannels, depth } = config;
    const widths = Array.from({ length: depth }, (_, i) => baseChannels * 2 ** i);
    const options = { kernelSize: 4, stride: 2 };
    this.convs = widths.map(
      (width, i) => new Conv2d(widths[i - 1] ?? imageChannels, width, rng, options),
    );
    this.out = new Conv2d(widths.at(-1) as number, 1, rng);
  }

  /**
   * @param images `[B, H, W, C]`
   * @returns logits `[B, H / 2^depth, W / 2^depth, 1]`, positive for "real"; the caller owns them
   * @throws ShapeError
   */
  forward(images: Images): Images {
    const { imageChannels } = this.config;
    assertFloats("PatchDiscriminator", "images", images, ["B", "H", "W", imageChannels]);
    return tf.tidy(() =>
      this.out.forward(
        this.convs.reduce((h, conv) => leakyRelu(conv.forward(h)) as Images, images),
      ),
    );
  }
}
