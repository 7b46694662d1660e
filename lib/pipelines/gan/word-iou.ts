import { assertFloats } from "../../core/guard";
import type { Rng } from "../../core/random";
import { type Caption, captionWords } from "../../data/shapes/caption";
import type { tf } from "../../engine/tf";

export const WORD_ROLES = ["count", "size", "colour", "shape"] as const;
export type WordRole = (typeof WORD_ROLES)[number];

/** How well one word's attention map lies on the pixels that it speaks of. */
export interface WordIou {
  readonly role: WordRole;
  /** Intersection over union, 0…1. */
  readonly iou: number;
  /** The same with the map of a word of the same caption drawn by chance. */
  readonly shuffled: number;
}

/** A place belongs to a word if its objects cover at least this share of it. */
const COVERED = 0.25;

/**
 * For each word of captions with two groups that speaks of one of them: the places where its map is
 * strongest, as many as its mask has, against its mask.
 *
 * @param maps `[B, T, h, w]`
 * @param masks `[B, T, h, w]`, shares in [0, 1]; examples whose masks are all 0 are left out
 * @param captions of the examples; those of one group are left out, for there any map fits any word
 * @throws ShapeError
 */
export function wordIous(
  maps: tf.Tensor4D,
  masks: tf.Tensor4D,
  { captions, rng }: { readonly captions: readonly Caption[]; readonly rng: Rng },
): WordIou[] {
  assertFloats("wordIous", "maps", maps, [captions.length, "T", "h", "w"]);
  assertFloats("wordIous", "masks", masks, maps.shape);
  const [, length, height, width] = maps.shape;
  const places = height * width;
  const [map, mask] = [maps.dataSync(), masks.dataSync()];
  const slice = (of: ArrayLike<number>, example: number, word: number): number[] =>
    Array.from({ length: places }, (_, i) => of[(example * length + word) * places + i] as number);
  return captions.flatMap((caption, example) => {
    if (caption.relation === undefined) return [];
    const words = captionWords(caption);
    const order = rng.permutation(words.length);
    return words.flatMap(({ groups }, word): WordIou[] => {
      const covered = slice(mask, example, word).map((share) => share >= COVERED);
      if (groups.length > 1 || !covered.some(Boolean)) return [];
      const role = WORD_ROLES[groups[0] === 0 ? word : word - words.length + 4] as WordRole;
      const iouOf = (other: number): number => overlap(slice(map, example, other), covered);
      return [{ role, iou: iouOf(word), shuffled: iouOf(order[word] as number) }];
    });
  });
}

/** IoU of the strongest places of a map with as many true places. */
function overlap(map: readonly number[], isTrue: readonly boolean[]): number {
  const count = isTrue.filter(Boolean).length;
  const strongest = Array.from(map.keys())
    .sort((a, b) => (map[b] as number) - (map[a] as number))
    .slice(0, count);
  const both = strongest.filter((place) => isTrue[place]).length;
  return both / (2 * count - both);
}
