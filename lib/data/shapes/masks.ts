import { assertInteger } from "../../core/guard";
import { captionWords } from "./caption";
import { addCoverage } from "./drawing";
import type { Scene } from "./scene";

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
  return captionWords(scene.caption).map(({ groups }) => {
    const masks = groups.map((g) => ofGroups[g] as Float32Array);
    return Float32Array.from({ length: size * size }, (_, i) =>
      masks.reduce((sum, mask) => sum + (mask[i] as number), 0),
    );
  });
}
