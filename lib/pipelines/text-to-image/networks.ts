import type { Rng } from "../../core/random";
import { MAX_CAPTION_WORDS, VOCABULARY } from "../../data/shapes/vocabulary";
import { cosineSchedule, type NoiseSchedule } from "../../diffusion/schedule";
import type { AutoencoderConfig } from "../../models/autoencoder";
import type { ClipConfig, TextTowerConfig } from "../../models/clip";
import { Dit, type DitConfig } from "../../models/dit";
import { Unet, type UnetConfig } from "../../models/unet";

/** Pictures of 32×32×3 to latents of 8×8×4: a twelfth of the numbers. */
export const SHAPES_AUTOENCODER = {
  imageSize: 32,
  imageChannels: 3,
  baseChannels: 16,
  channelMultipliers: [1, 2, 2],
  numResBlocks: 1,
  latentChannels: 4,
} as const satisfies AutoencoderConfig;

const TEXT_TOWER = {
  vocabularySize: VOCABULARY.length,
  maxTokens: MAX_CAPTION_WORDS,
  size: 64,
  depth: 2,
  numHeads: 4,
} as const satisfies TextTowerConfig;

/** Pictures of shapes and their captions, in one space of 64 dimensions. */
export const SHAPES_CLIP = {
  image: { imageSize: 32, imageChannels: 3, channels: [16, 32, 64], size: 64 },
  text: TEXT_TOWER,
  embeddingSize: 64,
} as const satisfies ClipConfig;

/** A U-Net of latents: 8×8, then 4×4. */
export const SHAPES_UNET = {
  imageSize: 8,
  imageChannels: 4,
  baseChannels: 24,
  channelMultipliers: [1, 2],
  numResBlocks: 1,
  attentionSizes: [8, 4],
  numHeads: 4,
  contextSize: TEXT_TOWER.size,
} as const satisfies UnetConfig;

/** A transformer of as many weights: 16 tokens of 2×2 latents. */
export const SHAPES_DIT = {
  inputSize: 8,
  inChannels: 4,
  patchSize: 2,
  hiddenSize: 80,
  depth: 4,
  numHeads: 4,
  mlpRatio: 2,
  contextSize: TEXT_TOWER.size,
} as const satisfies DitConfig;

export const SHAPES_DENOISERS = ["unet", "dit"] as const;
export type ShapesDenoiser = (typeof SHAPES_DENOISERS)[number];

/** An untrained denoiser of latents of captioned shapes; it predicts v. The caller owns it. */
export function newShapesDenoiser(kind: ShapesDenoiser, rng: Rng): Unet | Dit {
  return kind === "dit" ? new Dit(SHAPES_DIT, rng) : new Unet(SHAPES_UNET, rng);
}

/** The noise that they are trained on: ᾱ a squared cosine of 1000 timesteps. */
export function shapesSchedule(): NoiseSchedule {
  return cosineSchedule(1000);
}
