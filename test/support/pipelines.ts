import { data, diffusion, models, pipelines, Rng } from "latentlab";

import { perturb } from "./tensors";

export const SCHEDULE = diffusion.linearSchedule(50);

/** Captions to 8 × 8 pictures through 4 × 4 latents, by a transformer. */
export function textToImage(): pipelines.DiffusionPipeline {
  const rng = new Rng(1);
  const latent = { inputSize: 4, inChannels: 2 };
  const pipeline = new pipelines.DiffusionPipeline({
    denoiser: new models.Dit(
      { ...latent, patchSize: 2, hiddenSize: 8, depth: 1, numHeads: 2, contextSize: 8 },
      rng,
    ),
    schedule: SCHEDULE,
    textTower: new models.TextTower(
      { vocabularySize: data.VOCABULARY.length, maxTokens: 10, size: 8, depth: 1, numHeads: 2 },
      rng,
    ),
    autoencoder: new models.Autoencoder(
      {
        imageSize: 8,
        imageChannels: 3,
        baseChannels: 4,
        channelMultipliers: [1, 1],
        numResBlocks: 1,
        latentChannels: 2,
        numGroups: 2,
      },
      rng,
    ),
    latentScale: 0.5,
  });
  perturb(pipeline.parts.denoiser);
  return pipeline;
}

/** Classes to 4 × 4 pictures, by a U-Net with attention. */
export function classToImage(): pipelines.DiffusionPipeline {
  const config = { imageSize: 4, imageChannels: 1, baseChannels: 4, channelMultipliers: [1, 2] };
  const sizes = { numResBlocks: 1, attentionSizes: [2], numGroups: 2, numClasses: 3 };
  const denoiser = new models.Unet({ ...config, ...sizes }, new Rng(1));
  perturb(denoiser);
  return new pipelines.DiffusionPipeline({ denoiser, schedule: SCHEDULE });
}
