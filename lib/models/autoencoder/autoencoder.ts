import { dataParallel } from "../../core/data-parallel";
import { assertFloats, assertInteger, assertSizes } from "../../core/guard";
import type { Rng } from "../../core/random";
import type { DiagonalGaussian, Images } from "../../core/types";
import { tf } from "../../engine/tf";
import { Module } from "../../nn/module";
import { assertDivides } from "../unet/blocks";
import { Decoder, Encoder } from "./halves";

export type AutoencoderConfig = {
  /** Height and width of the pictures: a multiple of 2^(levels − 1). */
  readonly imageSize: number;
  readonly imageChannels: number;
  readonly baseChannels: number;
  /** Channels of each level over `baseChannels`, from the pictures to the latents. */
  readonly channelMultipliers: readonly number[];
  readonly numResBlocks: number;
  readonly latentChannels: number;
  readonly numGroups?: number;
};

/**
 * The first stage of latent diffusion: pictures to small maps of Gaussian latents and back. Each
 * level but the last halves the picture. Unlike a VAE's, its KL term is weighted so lightly that it
 * only keeps the latents' scale in check (`objectives.firstStageLoss`).
 *
 * @eq R.23 z_0 = E(x), x ≈ D(z_0)
 * @see Rombach et al. 2022, arXiv:2112.10752v2, section 3.1
 */
export class Autoencoder extends Module {
  readonly encoder: Encoder;
  readonly decoder: Decoder;

  /** @throws ValueError if a size does not fit */
  constructor(
    readonly config: AutoencoderConfig,
    rng: Rng,
  ) {
    super();
    assertConfig(config);
    this.encoder = new Encoder(config, rng);
    this.decoder = new Decoder(config, rng);
  }

  /** Height and width of the latents. */
  get latentSize(): number {
    const { imageSize, channelMultipliers } = this.config;
    return imageSize / 2 ** (channelMultipliers.length - 1);
  }

  /**
   * q(z|x) of each picture.
   *
   * @param x `[B, H, W, C]`, in [−1, 1]
   * @returns mean and logVar, `[B, h, w, latentChannels]`; the caller owns both
   * @throws ShapeError
   */
  encode(x: Images): DiagonalGaussian<Images> {
    const { imageSize, imageChannels } = this.config;
    assertFloats("Autoencoder.encode", "x", x, ["B", imageSize, imageSize, imageChannels]);
    return dataParallel([x], (images) => {
      const [mean, logVar] = tf.split(this.encoder.forward(images), 2, 3) as [Images, Images];
      return { mean, logVar };
    });
  }

  /**
   * @param z `[B, h, w, latentChannels]`, unscaled
   * @returns pictures `[B, H, W, C]`, about [−1, 1]; the caller owns them
   * @throws ShapeError
   */
  decode(z: Images): Images {
    const side = this.latentSize;
    assertFloats("Autoencoder.decode", "z", z, ["B", side, side, this.config.latentChannels]);
    return dataParallel([z], (latents) => this.decoder.forward(latents));
  }

  /** x → the mean of q(z|x) → x̂; the caller owns it. @throws ShapeError */
  reconstruct(x: Images): Images {
    return tf.tidy(() => this.decode(this.encode(x).mean));
  }
}

function assertConfig(config: AutoencoderConfig): void {
  const { imageSize, imageChannels, baseChannels, channelMultipliers, numResBlocks } = config;
  const { latentChannels, numGroups = 8 } = config;
  const sizes = { imageSize, imageChannels, baseChannels, numResBlocks, latentChannels, numGroups };
  for (const [name, value] of Object.entries(sizes)) assertInteger("Autoencoder", name, value);
  assertSizes("Autoencoder", "channelMultipliers", channelMultipliers);
  assertInteger("Autoencoder", "the number of channelMultipliers", channelMultipliers.length);
  const halvings = channelMultipliers.length - 1;
  assertDivides(`Autoencoder: imageSize by 2^${halvings}`, imageSize, 2 ** halvings);
  for (const multiplier of channelMultipliers) {
    assertDivides("Autoencoder: channels into groups", baseChannels * multiplier, numGroups);
  }
}
