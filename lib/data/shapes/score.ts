import { ValueError } from "../../core/errors";
import { assertFinite, assertFloats, assertInteger } from "../../core/guard";
import type { Images } from "../../core/types";
import type { Caption, Group } from "./caption";
import { type FoundObject, readScene } from "./read-scene";
import { relationBetween } from "./scene";

/** Right answers among questions asked. */
export interface Tally {
  readonly right: number;
  readonly asked: number;
}

export const ATTRIBUTES = ["count", "colour", "size", "shape", "relation"] as const;
export type Attribute = (typeof ATTRIBUTES)[number];

/** What of a caption a picture gets right. */
export interface CaptionScore {
  /** One question for each group; one for the relation, if there is one. */
  readonly attributes: Readonly<Record<Attribute, Tally>>;
  /** True if everything is right and nothing else is in the picture. */
  readonly isExact: boolean;
}

type GroupAttribute = Exclude<Attribute, "relation">;
type Found = readonly FoundObject[];

/**
 * Compare the objects found in a picture with a caption, attribute by attribute. Objects of one colour
 * are a group; groups are given to those of the caption so that most is right.
 *
 * @param objects as `readScene` gives them
 */
export function scoreScene(objects: readonly FoundObject[], caption: Caption): CaptionScore {
  const found = byColour(objects);
  const assigned = bestAssignment(found, caption.groups);
  const answers = caption.groups.map((group, g) => answersOf(assigned[g] ?? [], group));
  const tally = (attribute: GroupAttribute): Tally => ({
    right: answers.filter((answer) => answer[attribute]).length,
    asked: answers.length,
  });
  const relation = relationTally(assigned, caption);
  const attributes = {
    count: tally("count"),
    colour: tally("colour"),
    size: tally("size"),
    shape: tally("shape"),
    relation,
  };
  const isAllRight = Object.values(attributes).every(({ right, asked }) => right === asked);
  return { attributes, isExact: isAllRight && found.length === caption.groups.length };
}

/** Scores of many pictures together. */
export interface PictureScores {
  /** Number of pictures. */
  readonly n: number;
  readonly attributes: Readonly<Record<Attribute, Tally>>;
  /** Share of all questions answered right, in [0, 1]. */
  readonly attributeAccuracy: number;
  /** Share of pictures in which everything is right. */
  readonly exactAccuracy: number;
  /** One score for each picture. */
  readonly each: readonly CaptionScore[];
}

/**
 * Score pictures against their captions with the exact parser.
 *
 * @param images `[B, H, H, 3]`
 * @param captions one for each picture
 * @param range what is black and full: [0, 1] or [−1, 1]
 * @throws ShapeError, ValueError, NonFiniteError
 */
export function scorePictures(
  images: Images,
  captions: readonly Caption[],
  { range }: { readonly range: readonly [0, 1] | readonly [-1, 1] },
): PictureScores {
  assertFloats("scorePictures", "images", images, ["B", "H", "W", 3]);
  const [count, size] = images.shape;
  assertFloats("scorePictures", "images", images, ["B", size, size, 3]);
  if (captions.length !== count) {
    throw new ValueError(`scorePictures: ${captions.length} captions for ${count} pictures.`);
  }
  if (!(range[0] === 0 || range[0] === -1) || range[1] !== 1) {
    throw new ValueError(`scorePictures: range must be [0, 1] or [-1, 1], got ${String(range)}.`);
  }
  const values = images.dataSync<"float32">();
  assertFinite("scorePictures", "images", values);
  const unit = range[0] === 0 ? values : values.map((value) => (value + 1) / 2);
  const each = captions.map((caption, i) =>
    scoreScene(
      readScene(unit.subarray(i * size * size * 3, (i + 1) * size * size * 3), size),
      caption,
    ),
  );
  return addScores(each);
}

/** Add up scores. @throws ValueError if there are none */
export function addScores(each: readonly CaptionScore[]): PictureScores {
  assertInteger("addScores", "the number of scores", each.length);
  const total = (attribute: Attribute): Tally => add(each.map((s) => s.attributes[attribute]));
  const attributes = {
    count: total("count"),
    colour: total("colour"),
    size: total("size"),
    shape: total("shape"),
    relation: total("relation"),
  };
  const all = add(Object.values(attributes));
  const exact = each.filter(({ isExact }) => isExact).length;
  return {
    n: each.length,
    attributes,
    attributeAccuracy: all.right / all.asked,
    exactAccuracy: exact / each.length,
    each,
  };
}

function add(tallies: readonly Tally[]): Tally {
  return tallies.reduce(
    (sum, { right, asked }) => ({ right: sum.right + right, asked: sum.asked + asked }),
    { right: 0, asked: 0 },
  );
}

function byColour(objects: readonly FoundObject[]): Found[] {
  const groups = new Map<string, FoundObject[]>();
  for (const object of objects) {
    groups.set(object.colour, [...(groups.get(object.colour) ?? []), object]);
  }
  return [...groups.values()];
}

/** For each group of the caption another found one, or none, so that most attributes are right. */
function bestAssignment(found: readonly Found[], groups: Caption["groups"]): Found[] {
  const choices: readonly Found[] = [...found, []];
  const worth = (objects: Found, group: Group | undefined): number => {
    if (group === undefined || objects.length === 0) return 0;
    const { count, colour, size, shape } = answersOf(objects, group);
    // Between equally good ones the colour decides: it is how groups are told apart.
    return Number(count) + 1.5 * Number(colour) + Number(size) + Number(shape);
  };
  let best: { worth: number; pair: Found[] } = { worth: -1, pair: [] };
  for (const a of choices) {
    for (const b of groups.length === 2 ? choices : [[]]) {
      if (a === b && a.length > 0) continue;
      const total = worth(a, groups[0]) + worth(b, groups[1]);
      if (total > best.worth) best = { worth: total, pair: [a, b] };
    }
  }
  return best.pair;
}

/** Above this, a patch is none of the shapes. */
const MAX_MISFIT = 0.25;

function answersOf(objects: Found, group: Group): Record<GroupAttribute, boolean> {
  const all = (holds: (object: FoundObject) => boolean): boolean =>
    objects.length > 0 && objects.every(holds);
  return {
    count: objects.length === group.count,
    colour: all(({ colour }) => colour === group.colour),
    size: all(({ size }) => size === group.size),
    shape: all(({ shape, misfit }) => shape === group.shape && misfit <= MAX_MISFIT),
  };
}

function relationTally([a = [], b = []]: readonly Found[], { relation }: Caption): Tally {
  if (relation === undefined) return { right: 0, asked: 0 };
  const isRight = a.length > 0 && b.length > 0 && relationBetween(a, b) === relation;
  return { right: Number(isRight), asked: 1 };
}
