import type { Images } from "../../core/types";
import type { Rng } from "../../core/random";
import { type Caption, formatCaption } from "../../data/shapes/caption";
import { captionedShapes, type CaptionedShapesOptions } from "../../data/shapes/dataset";
import { type PictureScores, scorePictures } from "../../data/shapes/score";
import type { CaptionSplit } from "../../data/shapes/splits";

/** The captions on which the course trains GANs in minutes: one object, or two and how they lie. */
export const SIMPLE_CAPTIONS = {
  kinds: ["one", "related"],
  where: ({ groups }: Caption) => groups.every(({ count }) => count === 1),
} as const satisfies Partial<CaptionedShapesOptions>;

export type AccuracyOptions = {
  readonly split: CaptionSplit;
  /** Pictures to draw, each of another caption drawn by chance. */
  readonly count: number;
  readonly rng: Rng;
};

/**
 * Ask a generator for pictures of captions and read them with the exact parser.
 *
 * @param generate captions → pictures `[B, H, H, 3]` in [−1, 1], which are freed here
 */
export function textToImageAccuracy(
  generate: (captions: readonly string[]) => Images,
  { split, count, rng }: AccuracyOptions,
): PictureScores {
  const seed = rng.integers([1], 0, 2 ** 31 - 1);
  const [drawn] = seed.dataSync() as unknown as [number];
  seed.dispose();
  const { scenes } = captionedShapes({ split, count, size: 8, seed: drawn, ...SIMPLE_CAPTIONS });
  const captions = scenes.map(({ caption }) => caption);
  const images = generate(captions.map(formatCaption));
  try {
    return scorePictures(images, captions, { range: [-1, 1] });
  } finally {
    images.dispose();
  }
}
