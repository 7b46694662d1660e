import { ValueError } from "../../core/errors";

export const COLOURS = ["red", "green", "blue", "yellow", "magenta", "cyan"] as const;
export const SHAPES = ["circle", "square", "triangle"] as const;
export const SIZES = ["small", "large"] as const;
export const RELATIONS = ["above", "below", "left of", "right of"] as const;
/** The words for 1, 2 and 3. */
export const COUNT_WORDS = ["a", "two", "three"] as const;

export type Colour = (typeof COLOURS)[number];
export type Shape = (typeof SHAPES)[number];
export type ShapeSize = (typeof SIZES)[number];
export type Relation = (typeof RELATIONS)[number];
export type Count = 1 | 2 | 3;

/** Objects that are alike: "two small red circles". */
export interface Group {
  readonly count: Count;
  readonly size: ShapeSize;
  readonly colour: Colour;
  readonly shape: Shape;
}

/** What a picture shows: a group, or two groups of different colours and how they lie. */
export type Caption =
  | { readonly groups: readonly [Group]; readonly relation?: undefined }
  | { readonly groups: readonly [Group, Group]; readonly relation: Relation };

/** One word of a caption and the groups whose pixels it speaks of. */
export interface CaptionWord {
  readonly word: string;
  /** Indices into `Caption.groups`; a relation speaks of both. */
  readonly groups: readonly number[];
}

/** The relation seen from the other side. */
const CONVERSE: Readonly<Record<Relation, Relation>> = {
  above: "below",
  below: "above",
  "left of": "right of",
  "right of": "left of",
};

/** The words of a caption in order; "left of" is two words. */
export function captionWords(caption: Caption): CaptionWord[] {
  const words = groupWords(caption.groups[0]).map((word) => ({ word, groups: [0] }));
  if (caption.relation === undefined) return words;
  return [
    ...words,
    ...caption.relation.split(" ").map((word) => ({ word, groups: [0, 1] })),
    ...groupWords(caption.groups[1]).map((word) => ({ word, groups: [1] })),
  ];
}

/** The caption in English: "two small red circles above a large blue square". */
export function formatCaption(caption: Caption): string {
  return captionWords(caption)
    .map(({ word }) => word)
    .join(" ");
}

/**
 * The one caption for all that say the same: "B below A" is "A above B".
 *
 * @returns the caption whose relation is "above" or "left of", if it has one
 */
export function canonicalCaption(caption: Caption): Caption {
  if (caption.relation !== "below" && caption.relation !== "right of") return caption;
  return converse(caption);
}

/** The same scene told from the other group: "A above B" becomes "B below A". */
export function converse(caption: Caption): Caption {
  if (caption.relation === undefined) return caption;
  const [first, second] = caption.groups;
  return { groups: [second, first], relation: CONVERSE[caption.relation] };
}

/**
 * Read a caption.
 *
 * @param text words of the grammar, parted by spaces; capitals do not matter
 * @throws ValueError naming the word that does not fit and what could stand there
 */
export function parseCaption(text: string): Caption {
  if (typeof text !== "string") {
    throw new ValueError(`parseCaption: text must be a caption, got ${typeof text}.`);
  }
  const words = new WordReader(text);
  const first = readGroup(words);
  if (words.isAtEnd()) return { groups: [first] };
  const relation = readRelation(words);
  const second = readGroup(words);
  words.expectEnd();
  if (first.colour === second.colour) {
    throw new ValueError(
      `parseCaption: both groups of "${text}" are ${first.colour}; ` +
        "two groups need different colours.",
    );
  }
  return { groups: [first, second], relation };
}

function groupWords({ count, size, colour, shape }: Group): string[] {
  return [COUNT_WORDS[count - 1] as string, size, colour, inNumber(shape, count)];
}

function inNumber(shape: Shape, count: Count): string {
  return count === 1 ? shape : `${shape}s`;
}

function readGroup(words: WordReader): Group {
  const count = (COUNT_WORDS.indexOf(words.read(COUNT_WORDS)) + 1) as Count;
  const size = words.read(SIZES);
  const colour = words.read(COLOURS);
  const noun = words.read(SHAPES.map((shape) => inNumber(shape, count)));
  const shape = SHAPES.find((each) => inNumber(each, count) === noun) as Shape;
  return { count, size, colour, shape };
}

function readRelation(words: WordReader): Relation {
  const word = words.read(["above", "below", "left", "right"] as const);
  if (word === "above" || word === "below") return word;
  return `${word} ${words.read(["of"] as const)}`;
}

/** Reads words one by one and says which one is wrong. */
class WordReader {
  private readonly words: readonly string[];
  private at = 0;

  constructor(private readonly text: string) {
    this.words = text.trim().toLowerCase().split(/\s+/);
  }

  isAtEnd(): boolean {
    return this.at === this.words.length;
  }

  read<W extends string>(choice: readonly W[]): W {
    const word = this.words[this.at++];
    const found = choice.find((each) => each === word);
    if (found !== undefined) return found;
    throw new ValueError(
      `parseCaption: word ${this.at} of "${this.text}" must be one of ${choice.join(", ")}, ` +
        `got ${word === undefined || word === "" ? "nothing" : `"${word}"`}.`,
    );
  }

  expectEnd(): void {
    const word = this.words[this.at];
    if (word === undefined) return;
    throw new ValueError(`parseCaption: "${this.text}" must end before "${word}".`);
  }
}
