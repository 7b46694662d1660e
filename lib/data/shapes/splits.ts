import { createHash } from "node:crypto";

import { assertOneOf } from "../../core/guard";
import {
  canonicalCaption,
  type Caption,
  type Colour,
  COLOURS,
  type Count,
  formatCaption,
  type Group,
  type Shape,
  SHAPES,
  SIZES,
} from "./caption";

export const SPLITS = ["train", "heldOut", "unseen"] as const;
export const CAPTION_KINDS = ["one", "several", "related"] as const;

/**
 * "train"; "heldOut": other captions of combinations of colour and shape that training shows;
 * "unseen": captions with a combination that training never shows.
 */
export type CaptionSplit = (typeof SPLITS)[number];
/** "one": one object; "several": two or three alike; "related": two groups. */
export type CaptionKind = (typeof CAPTION_KINDS)[number];

/** The combinations that are in no training caption; each colour and shape is, in another one. */
export const UNSEEN_PAIRS: readonly (readonly [Colour, Shape])[] = [
  ["blue", "circle"],
  ["yellow", "square"],
  ["red", "triangle"],
];

/** Objects in a picture of two groups, so that they have room. */
const MAX_RELATED = 3;
/** One caption in so many is held out. */
const HELD_OUT_EVERY = 5;

/**
 * Which split a caption belongs to: a function of what it says alone, so "A above B" and "B below A"
 * are in the same one.
 */
export function splitOf(caption: Caption): CaptionSplit {
  const isUnseen = caption.groups.some(({ colour, shape }) =>
    UNSEEN_PAIRS.some(([c, s]) => c === colour && s === shape),
  );
  if (isUnseen) return "unseen";
  const digest = createHash("sha256")
    .update(formatCaption(canonicalCaption(caption)))
    .digest();
  return digest.readUInt32BE(0) % HELD_OUT_EVERY === 0 ? "heldOut" : "train";
}

/** Every canonical caption of a split and kind, in a fixed order. */
export function captionsOf(split: CaptionSplit, kind: CaptionKind): readonly Caption[] {
  assertOneOf("captionsOf", "split", split, SPLITS);
  assertOneOf("captionsOf", "kind", kind, CAPTION_KINDS);
  let byKind = CAPTIONS.get(split);
  if (byKind === undefined) CAPTIONS.set(split, (byKind = listCaptions(split)));
  return byKind[kind];
}

/** SHA-256 of a split's captions of all kinds, sorted, one a line: what "the same split" means. */
export function splitHash(split: CaptionSplit): string {
  const lines = CAPTION_KINDS.flatMap((kind) => captionsOf(split, kind).map(formatCaption)).sort();
  return createHash("sha256").update(lines.join("\n")).digest("hex");
}

const CAPTIONS = new Map<CaptionSplit, Readonly<Record<CaptionKind, readonly Caption[]>>>();

function listCaptions(split: CaptionSplit): Readonly<Record<CaptionKind, readonly Caption[]>> {
  const ofSplit = (captions: readonly Caption[]): Caption[] =>
    captions.filter((caption) => splitOf(caption) === split);
  return {
    one: ofSplit(groupsOf([1]).map((group) => ({ groups: [group] }))),
    several: ofSplit(groupsOf([2, 3]).map((group) => ({ groups: [group] }))),
    related: ofSplit(relatedCaptions()),
  };
}

function groupsOf(counts: readonly Count[]): Group[] {
  return counts.flatMap((count) =>
    SIZES.flatMap((size) =>
      COLOURS.flatMap((colour) => SHAPES.map((shape) => ({ count, size, colour, shape }))),
    ),
  );
}

function relatedCaptions(): Caption[] {
  const groups = groupsOf([1, 2]);
  const pairs = groups.flatMap((a) => groups.map((b) => [a, b] as const));
  return pairs
    .filter(([a, b]) => a.colour !== b.colour && a.count + b.count <= MAX_RELATED)
    .flatMap((pair) =>
      (["above", "left of"] as const).map((relation): Caption => ({ groups: pair, relation })),
    );
}
