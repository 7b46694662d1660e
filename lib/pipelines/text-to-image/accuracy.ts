import { assertInteger } from "../../core/guard";
import type { Rng } from "../../core/random";
import type { CaptionedShapes } from "../../data/shapes/dataset";
import {
  addScores,
  type CaptionScore,
  type PictureScores,
  scorePictures,
} from "../../data/shapes/score";
import type { DiffusionPipeline, GenerateOptions } from "../pipeline";

export type CaptionAccuracyOptions = Omit<GenerateOptions, "captions" | "labels" | "count"> & {
  readonly rng: Rng;
  /** Pictures drawn at once; 50 unless told. */
  readonly batchSize?: number;
};

/**
 * Ask a sampler for a picture of each caption and read them all with the exact parser.
 *
 * @param shapes whose captions are asked for; the real pictures are not used
 * @throws as `DiffusionPipeline.generate`
 */
export async function captionAccuracy(
  pipeline: Pick<DiffusionPipeline, "generate">,
  shapes: Pick<CaptionedShapes, "captions" | "scenes">,
  { batchSize = 50, ...options }: CaptionAccuracyOptions,
): Promise<PictureScores> {
  assertInteger("captionAccuracy", "batchSize", batchSize);
  const each: CaptionScore[] = [];
  for (let start = 0; start < shapes.captions.length; start += batchSize) {
    const captions = shapes.captions.slice(start, start + batchSize);
    const scenes = shapes.scenes.slice(start, start + batchSize);
    const images = await pipeline.generate({ ...options, captions });
    const asked = scenes.map(({ caption }) => caption);
    try {
      each.push(...scorePictures(images, asked, { range: [-1, 1] }).each);
    } finally {
      images.dispose();
    }
  }
  return addScores(each);
}
