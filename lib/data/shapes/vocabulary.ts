import { ValueError } from "../../core/errors";
import { assertInteger } from "../../core/guard";
import { tf } from "../../engine/tf";
import { COLOURS, COUNT_WORDS, SHAPES, SIZES } from "./caption";

/** Fills a row of tokens behind the caption; its id is 0. */
export const PADDING = "<pad>";

/** All words of the grammar; a word's token id is its index. */
export const VOCABULARY: readonly string[] = [
  PADDING,
  ...COUNT_WORDS,
  ...SIZES,
  ...COLOURS,
  ...SHAPES,
  ...SHAPES.map((shape) => `${shape}s`),
  ...["above", "below", "left", "right", "of"],
];

/** Words of the longest caption: two groups of four and "left of". */
export const MAX_CAPTION_WORDS = 10;

const IDS: ReadonlyMap<string, number> = new Map(VOCABULARY.map((word, id) => [word, id]));

/**
 * Captions as token ids `[B, length]`, int32, padded with 0; the caller owns them.
 *
 * @param texts any words of the vocabulary, also if they make no caption
 * @throws ValueError naming the word that is not known, or if there are more words than `length`
 */
export function encodeCaptions(
  texts: readonly string[],
  length: number = MAX_CAPTION_WORDS,
): tf.Tensor2D {
  assertInteger("encodeCaptions", "the number of texts", texts.length);
  assertInteger("encodeCaptions", "length", length);
  const ids = new Int32Array(texts.length * length);
  texts.forEach((text, row) => ids.set(idsOf(text, length), row * length));
  return tf.tensor2d(ids, [texts.length, length], "int32");
}

/** The text of one row of token ids; padding is left out. @throws ValueError for an unknown id */
export function decodeTokens(ids: ArrayLike<number>): string {
  return Array.from(ids)
    .filter((id) => id !== 0)
    .map((id) => {
      const word = VOCABULARY[id];
      if (word !== undefined) return word;
      throw new ValueError(
        `decodeTokens: ids must be in [0, ${VOCABULARY.length - 1}], got ${id}.`,
      );
    })
    .join(" ");
}

function idsOf(text: string, length: number): number[] {
  if (typeof text !== "string") {
    throw new ValueError(`encodeCaptions: a caption must be a text, got ${typeof text}.`);
  }
  const words = text.trim().toLowerCase().split(/\s+/);
  if (words.length > length) {
    throw new ValueError(
      `encodeCaptions: "${text}" has ${words.length} words, more than the ${length} there is room for.`,
    );
  }
  return words.map((word) => {
    const id = IDS.get(word);
    if (id !== undefined && id !== 0) return id;
    throw new ValueError(
      `encodeCaptions: "${word}" is not a word of the captions. ` +
        `They are ${VOCABULARY.slice(1).join(", ")}.`,
    );
  });
}
