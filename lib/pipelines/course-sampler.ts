import { existsSync } from "node:fs";

import { checkpointPath } from "./checkpoint";
import type { DiffusionPipeline } from "./pipeline";
import { loadPipeline } from "./store";
import { loadTextToImage, SHAPES_DENOISERS, type ShapesDenoiser } from "./text-to-image";

/**
 * Any diffusion sampler in one call.
 *
 * @param name of a checkpoint of the course, as `digits-ddpm` or `shapes-dit-1`, or the path, without
 *   an ending, of what `savePipeline` saved
 * @returns the caller owns it
 * @throws DataMissingError, CheckpointError
 */
export function loadSampler(name: string): DiffusionPipeline {
  const latent = latentSamplerOf(name);
  if (latent !== undefined) return loadTextToImage(latent.kind, latent.seed);
  return loadPipeline(existsSync(`${name}.json`) ? name : checkpointPath(name));
}

/** Which latent sampler of the course has this name, if one does: its parts lie in several files. */
export function latentSamplerOf(
  name: string,
): { readonly kind: ShapesDenoiser; readonly seed: number } | undefined {
  for (const kind of SHAPES_DENOISERS) {
    const seed = new RegExp(`^shapes-${kind}-(\\d+)$`).exec(name)?.[1];
    if (seed !== undefined) return { kind, seed: Number(seed) };
  }
  return undefined;
}
