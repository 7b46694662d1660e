import { LatentLabError } from "../../core/errors";
import type { Rng } from "../../core/random";
import type { Caption, Group, Relation } from "./caption";
import { EXTENT, RADIUS, type ShapeObject } from "./drawing";

/** A caption and one way in which it can look. */
export interface Scene {
  readonly caption: Caption;
  /** One list of objects for each group of the caption. */
  readonly groups: readonly (readonly ShapeObject[])[];
}

type Point = { readonly x: number; readonly y: number };

/** Radii vary by this share, uniformly. */
const RADIUS_JITTER = 0.04;
/** Black between any two objects, across or down: more than a pixel of the 16×16 pictures. */
const GAP = 0.08;
/** Black at the picture's edge. */
const MARGIN = 0.02;
/** A relation's axis is clear: the distance along it is at least so many times that across. */
const DOMINANCE = 1.25;
const MAX_TRIES = 100_000;

/** The objects of a scene as one list. */
export function sceneObjects({ groups }: Scene): ShapeObject[] {
  return groups.flat();
}

/**
 * How `a` lies to `b`: along the axis on which they are further apart.
 *
 * @param a, b objects of two groups; their mean centres count
 */
export function relationBetween(a: readonly Point[], b: readonly Point[]): Relation {
  const { dx, dy } = offset(a, b);
  if (Math.abs(dy) >= Math.abs(dx)) return dy > 0 ? "above" : "below";
  return dx > 0 ? "left of" : "right of";
}

/**
 * Draw a scene for a caption: sizes vary a little, places are uniform among those in which objects
 * keep apart and the relation is clear (rejection).
 *
 * @throws LatentLabError if the caption's objects do not fit into a picture
 */
export function sampleScene(caption: Caption, rng: Rng): Scene {
  const uniform = uniforms(rng);
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const groups = place(caption, uniform);
    if (groups !== undefined && isClear(caption, groups)) return { caption, groups };
  }
  throw new LatentLabError(`sampleScene: found no room for the objects of the caption.`);
}

/** An endless stream of u ~ U[0, 1), drawn in blocks. */
function uniforms(rng: Rng): () => number {
  let block: Float32Array = new Float32Array(0);
  let at = 0;
  return () => {
    if (at === block.length) {
      block = rng.uniformArray(Math.min(4096, Math.max(32, 4 * block.length)));
      at = 0;
    }
    return block[at++] as number;
  };
}

/** Each group anywhere on its side of a random cut; undefined if an object does not fit there. */
function place(caption: Caption, uniform: () => number): ShapeObject[][] | undefined {
  const cut = uniform();
  const groups = caption.groups.map((group, g) => {
    const region = regionOf(caption.relation, g, cut);
    return Array.from({ length: group.count }, () => placeObject(group, region, uniform));
  });
  return groups.every((group) => group.every((object) => object !== undefined))
    ? (groups as ShapeObject[][])
    : undefined;
}

type Interval = readonly [from: number, to: number];
type Region = { readonly x: Interval; readonly y: Interval };

/** Group `g`'s part of the picture when it is cut in two at `cut`. */
function regionOf(relation: Relation | undefined, g: number, cut: number): Region {
  const whole: Interval = [MARGIN, 1 - MARGIN];
  if (relation === undefined) return { x: whole, y: whole };
  const isFirst = (relation === "above" || relation === "left of") === (g === 0);
  const part: Interval = isFirst ? [MARGIN, cut] : [cut, 1 - MARGIN];
  const isVertical = relation === "above" || relation === "below";
  return isVertical ? { x: whole, y: part } : { x: part, y: whole };
}

function placeObject(
  { colour, shape, size }: Group,
  region: Region,
  uniform: () => number,
): ShapeObject | undefined {
  const radius = RADIUS[size] * (1 + RADIUS_JITTER * (2 * uniform() - 1));
  const { across, up, down } = EXTENT[shape];
  const within = ([from, to]: Interval, before: number, after: number): number | undefined => {
    const room = to - from - before - after;
    return room >= 0 ? from + before + room * uniform() : undefined;
  };
  const x = within(region.x, across * radius, across * radius);
  const y = within(region.y, up * radius, down * radius);
  return x === undefined || y === undefined ? undefined : { colour, shape, size, x, y, radius };
}

function isClear({ relation }: Caption, groups: readonly (readonly ShapeObject[])[]): boolean {
  const objects = groups.flat();
  const apart = objects.every((a, i) => objects.slice(i + 1).every((b) => areApart(a, b)));
  const [first, second] = groups;
  if (!apart || relation === undefined || first === undefined || second === undefined) return apart;
  const { dx, dy } = offset(first, second);
  const [along, aside] = relation === "above" || relation === "below" ? [dy, dx] : [dx, dy];
  return Math.abs(along) >= DOMINANCE * Math.abs(aside);
}

function areApart(a: ShapeObject, b: ShapeObject): boolean {
  const [across, ea, eb] = [Math.abs(a.x - b.x), EXTENT[a.shape], EXTENT[b.shape]];
  if (across >= ea.across * a.radius + eb.across * b.radius + GAP) return true;
  const [upper, lower] = a.y < b.y ? [a, b] : [b, a];
  const reach = EXTENT[upper.shape].down * upper.radius + EXTENT[lower.shape].up * lower.radius;
  return lower.y - upper.y >= reach + GAP;
}

/** From the mean centre of `a` to that of `b`. */
function offset(a: readonly Point[], b: readonly Point[]): { dx: number; dy: number } {
  const mean = (points: readonly Point[], axis: "x" | "y"): number =>
    points.reduce((sum, point) => sum + point[axis], 0) / points.length;
  return { dx: mean(b, "x") - mean(a, "x"), dy: mean(b, "y") - mean(a, "y") };
}
