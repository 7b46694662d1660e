import { CheckpointError } from "../../core/errors";
import type { Disposable } from "../../core/memory";
import { Rng } from "../../core/random";
import { Autoencoder } from "../../models/autoencoder";
import { Clip, TextTower } from "../../models/clip";
import type { Module } from "../../nn/module";
import { type CheckpointProvenance, loadCourseWeights } from "../checkpoint";
import { DiffusionPipeline } from "../pipeline";
import {
  newShapesDenoiser,
  SHAPES_AUTOENCODER,
  SHAPES_CLIP,
  type ShapesDenoiser,
  shapesSchedule,
} from "./networks";

/** How the course's autoencoder was made, and what its latents must be multiplied by. */
export type AutoencoderProvenance = CheckpointProvenance & { readonly latentScale: number };

export type LoadedAutoencoder = {
  readonly autoencoder: Autoencoder;
  readonly provenance: AutoencoderProvenance;
};

/**
 * The course's first stage of 32×32 captioned shapes; made by `npm run train:text-to-image`.
 *
 * @returns the caller owns it
 * @throws DataMissingError if a file is missing; CheckpointError if it is damaged
 */
export function loadShapesAutoencoder(): LoadedAutoencoder {
  return loading(new Autoencoder(SHAPES_AUTOENCODER, new Rng(0)), (autoencoder) => {
    const provenance = loadCourseWeights("shapes-autoencoder", autoencoder);
    if (!("latentScale" in provenance)) {
      throw new CheckpointError("shapes-autoencoder.json does not say latentScale.");
    }
    return { autoencoder, provenance: provenance as AutoencoderProvenance };
  });
}

/** The course's CLIP of 32×32 captioned shapes; the caller owns it. @throws as for the autoencoder */
export function loadShapesClip(): Clip {
  return loading(new Clip(SHAPES_CLIP, new Rng(0)), (clip) => {
    loadCourseWeights("shapes-clip", clip);
    return clip;
  });
}

/** CLIP's text tower alone, which tells the denoisers what to draw; the caller owns it. */
export function loadShapesTextTower(): TextTower {
  const clip = loadShapesClip();
  return loading(new TextTower(SHAPES_CLIP.text, new Rng(0)), (tower) => {
    tower.loadStateDict(clip.textTower.stateDict());
    clip.dispose();
    return tower;
  });
}

/**
 * A trained text-to-image sampler of captioned shapes: text tower, latent denoiser, decoder.
 *
 * @param seed of its training: 1, 2 or 3
 * @returns the caller owns it
 * @throws as for the autoencoder
 * @example
 * const pipeline = loadTextToImage("dit", 1);
 * const x = await pipeline.generate({ captions: ["a large red circle"], guidanceScale: 3, rng });
 */
export function loadTextToImage(kind: ShapesDenoiser, seed = 1): DiffusionPipeline {
  const parts: Disposable[] = [];
  const own = <T extends Disposable>(part: T): T => (parts.push(part), part);
  try {
    const denoiser = own(newShapesDenoiser(kind, new Rng(0)));
    loadCourseWeights(`shapes-${kind}-${seed}`, denoiser);
    const { autoencoder, provenance } = loadShapesAutoencoder();
    own(autoencoder);
    const { latentScale } = provenance;
    const textTower = own(loadShapesTextTower());
    const schedule = shapesSchedule();
    return new DiffusionPipeline({
      ...{ denoiser, schedule, predicts: "v", autoencoder, latentScale, textTower },
    });
  } catch (error) {
    for (const part of parts) part.dispose();
    throw error;
  }
}

/** Give up the module if it cannot be filled. */
function loading<M extends Module, T>(module: M, fill: (module: M) => T): T {
  try {
    return fill(module);
  } catch (error) {
    module.dispose();
    throw error;
  }
}
