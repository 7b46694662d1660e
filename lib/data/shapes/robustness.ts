import { assertInRange } from "../../core/guard";
import { Rng } from "../../core/random";
import type { CaptionedShapes } from "./dataset";
import { readScene } from "./read-scene";
import { type PictureScores, scoreScene, addScores } from "./score";

/** What is done to a picture before it is read. */
export interface Damage {
  /** Standard deviation of Gaussian noise on each channel, in units of full brightness. */
  readonly noise?: number;
  /** Standard deviation of a Gaussian blur, in pixels. */
  readonly blur?: number;
}

/**
 * How well the parser reads pictures whose captions are true: its own accuracy, which is the ceiling
 * of every score it gives.
 *
 * @example parserAccuracy(shapes, { noise: 0.1, seed: 1 }).attributeAccuracy
 * @throws ValueError
 */
export function parserAccuracy(
  shapes: CaptionedShapes,
  { noise = 0, blur = 0, seed }: Damage & { readonly seed: number },
): PictureScores {
  assertInRange("parserAccuracy", "noise", noise, [0, Number.MAX_VALUE]);
  assertInRange("parserAccuracy", "blur", blur, [0, 100]);
  const rng = new Rng(seed);
  const [size, , channels] = shapes.images.imageShape;
  const length = size * size * channels;
  const scores = shapes.scenes.map(({ caption }, i) => {
    const clean = Float32Array.from(
      shapes.images.images.subarray(i * length, (i + 1) * length),
      (byte) => byte / 255,
    );
    const blurred = blur === 0 ? clean : blurPicture(clean, size, blur);
    if (noise > 0) {
      rng
        .normalArray(length)
        .forEach((z, at) => (blurred[at] = (blurred[at] as number) + noise * z));
    }
    return scoreScene(readScene(blurred, size), caption);
  });
  return addScores(scores);
}

/** The parser's accuracy over amounts of noise and of blur. @throws ValueError */
export function parserCurve(
  shapes: CaptionedShapes,
  { damages, seed }: { readonly damages: readonly Damage[]; readonly seed: number },
): readonly (Required<Damage> & PictureScores)[] {
  return damages.map(({ noise = 0, blur = 0 }) => ({
    noise,
    blur,
    ...parserAccuracy(shapes, { noise, blur, seed }),
  }));
}

/** Gaussian blur, first along rows, then down; black outside. */
function blurPicture(picture: Float32Array, size: number, sigma: number): Float32Array {
  const reach = Math.ceil(3 * sigma);
  const weights = Array.from({ length: 2 * reach + 1 }, (_, i) =>
    Math.exp(-((i - reach) ** 2) / (2 * sigma * sigma)),
  );
  const total = weights.reduce((sum, w) => sum + w, 0);
  const along = (from: Float32Array, stride: number, position: (i: number) => number) =>
    from.map((_, at) => {
      const here = position(at);
      return weights.reduce((sum, weight, i) => {
        const there = here + i - reach;
        const isInside = there >= 0 && there < size;
        return isInside
          ? sum + (weight / total) * (from[at + (i - reach) * stride] as number)
          : sum;
      }, 0);
    });
  const rows = along(picture, 3, (at) => Math.floor(at / 3) % size);
  return along(rows, 3 * size, (at) => Math.floor(at / (3 * size)));
}
