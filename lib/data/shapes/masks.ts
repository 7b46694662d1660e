import { assertInteger } from "../../core/guard";
import { type Caption, captionWords } from "./caption";
import { addCoverage } from "./drawing";
import { assertPicture } from "./read-scene";
import type { Scene } from "./scene";
import { segment } from "./segment";

/**
 * Which pixels each word of the caption speaks of: the count, size, colour and shape of a group of
 * its objects, a relation of both groups.
 *
 * @param size height and width in pixels
 * @returns for each word the share of each pixel that those objects cover, row by row
 * @throws ValueError
 */
export function wordMasks(scene: Scene, size: number): Float32Array[] {
  assertInteger("wordMasks", "size", size, 8);
  const ofGroups = scene.groups.map((objects) => {
    const mask = new Float32Array(size * size);
    objects.forEach((object) => addCoverage(mask, object, size));
    return mask;
  });
  return forWords(scene.caption, ofGroups);
}

/**
 * The same for a picture that was generated: a word speaks of the patches of its group's colour.
 *
 * @param picture `size`² RGB pixels, row by row, 0 black and 1 full
 * @returns undefined if a group's colour is not in the picture
 * @throws ShapeError, NonFiniteError, ValueError
 */
export function foundWordMasks(
  picture: ArrayLike<number>,
  size: number,
  caption: Caption,
): Float32Array[] | undefined {
  assertPicture("foundWordMasks", picture, size);
  const patches = segment(picture, size);
  const ofGroups = caption.groups.map(({ colour }) => {
    const mask = new Float32Array(size * size);
    for (const patch of patches.filter((each) => each.colour === colour)) {
      patch.pixels.forEach((i, n) => (mask[i] = patch.coverage[n] as number));
    }
    return mask;
  });
  const isWhole = ofGroups.every((mask) => mask.some((share) => share > 0));
  return isWhole ? forWords(caption, ofGroups) : undefined;
}

/** For each word the sum of its groups' masks. */
function forWords(caption: Caption, ofGroups: readonly Float32Array[]): Float32Array[] {
  return captionWords(caption).map(({ groups }) => {
    const masks = groups.map((g) => ofGroups[g] as Float32Array);
    const [first] = masks as [Float32Array];
    return first.map((_, i) => masks.reduce((sum, mask) => sum + (mask[i] as number), 0));
  });
}
