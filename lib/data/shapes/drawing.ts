import { assertInteger } from "../../core/guard";
import { type Colour, COLOURS, type Shape, type ShapeSize } from "./caption";

export type Rgb = readonly [red: number, green: number, blue: number];

/** In [0, 1]. Any two are at least 30° apart as seen from black, so that blur leaves hues apart. */
export const PALETTE: Readonly<Record<Colour, Rgb>> = {
  red: [0.95, 0.15, 0.15],
  green: [0.15, 0.8, 0.15],
  blue: [0.2, 0.25, 1],
  yellow: [0.95, 0.85, 0.15],
  magenta: [0.9, 0.2, 0.85],
  cyan: [0.15, 0.88, 0.85],
};

/** Radius of the circle of the same area, in sides of the picture. */
export const RADIUS: Readonly<Record<ShapeSize, number>> = { small: 0.11, large: 0.16 };

/** One thing in a picture. Lengths are in sides of the picture, from its top left corner. */
export interface ShapeObject {
  readonly colour: Colour;
  readonly shape: Shape;
  readonly size: ShapeSize;
  /** Centroid. */
  readonly x: number;
  readonly y: number;
  /** Of the circle of the same area, so that all shapes of one size are equally large: π r². */
  readonly radius: number;
}

/** Where an object lies. */
export type Placement = Pick<ShapeObject, "shape" | "x" | "y" | "radius">;

/** A square of area π: half its side. */
const SQUARE_HALF = Math.sqrt(Math.PI) / 2;
/** An upright triangle of area π whose base is as long as its height. */
const TRIANGLE_HEIGHT = Math.sqrt(2 * Math.PI);
/** Rows within a pixel at which a shape's width is taken; along a row, coverage is exact. */
const SUBROWS = 16;

/** How far a shape of radius 1 reaches from its centroid. */
export const EXTENT: Readonly<Record<Shape, { across: number; up: number; down: number }>> = {
  circle: { across: 1, up: 1, down: 1 },
  square: { across: SQUARE_HALF, up: SQUARE_HALF, down: SQUARE_HALF },
  triangle: {
    across: TRIANGLE_HEIGHT / 2,
    up: (2 / 3) * TRIANGLE_HEIGHT,
    down: TRIANGLE_HEIGHT / 3,
  },
};

/** Half the width of a shape of radius 1 at height `dy` below its centroid; 0 outside. */
function halfWidth(shape: Shape, dy: number): number {
  switch (shape) {
    case "circle":
      return Math.sqrt(Math.max(0, 1 - dy * dy));
    case "square":
      return Math.abs(dy) <= SQUARE_HALF ? SQUARE_HALF : 0;
    case "triangle": {
      const belowApex = dy + EXTENT.triangle.up;
      return belowApex >= 0 && dy <= EXTENT.triangle.down ? belowApex / 2 : 0;
    }
  }
}

/**
 * Add to `into` the share of each pixel that a shape covers. Only +, −, ×, ÷ and √ are used, which
 * IEEE 754 defines exactly: every machine draws the same.
 *
 * @param into row by row, `size`² numbers
 */
export function addCoverage(into: Float32Array, place: Placement, size: number): void {
  const [cx, cy, r] = [place.x * size, place.y * size, place.radius * size];
  const { up, down } = EXTENT[place.shape];
  const [top, bottom] = [Math.max(0, Math.floor(cy - up * r)), Math.ceil(cy + down * r)];
  for (let y = top; y < Math.min(size, bottom); y++) {
    for (let sub = 0; sub < SUBROWS; sub++) {
      const dy = y + (sub + 0.5) / SUBROWS - cy;
      const half = r * halfWidth(place.shape, dy / r);
      if (half > 0) addSpan(into, y * size, [cx - half, cx + half], size);
    }
  }
}

/** Add a span of 1/SUBROWS of a pixel's height to one row. */
function addSpan(
  into: Float32Array,
  row: number,
  [from, to]: readonly [number, number],
  size: number,
): void {
  const last = Math.min(size - 1, Math.ceil(to) - 1);
  for (let x = Math.max(0, Math.floor(from)); x <= last; x++) {
    const covered = Math.min(to, x + 1) - Math.max(from, x);
    into[row + x] = (into[row + x] as number) + covered / SUBROWS;
  }
}

/** The share of each pixel that a shape covers, row by row. */
export function coverage(place: Placement, size: number): Float32Array {
  const covered = new Float32Array(size * size);
  addCoverage(covered, place, size);
  return covered;
}

/**
 * Objects on black, anti-aliased.
 *
 * @param size height and width in pixels
 * @returns bytes 0…255, row by row, RGB
 */
export function drawObjects(objects: readonly ShapeObject[], size: number): Uint8Array {
  assertInteger("drawObjects", "size", size, 8);
  const layers = COLOURS.map((colour) => {
    const layer = new Float32Array(size * size);
    const painted = objects.filter((object) => object.colour === colour);
    painted.forEach((object) => addCoverage(layer, object, size));
    return { layer, rgb: PALETTE[colour], isEmpty: painted.length === 0 };
  }).filter(({ isEmpty }) => !isEmpty);
  const pixels = new Uint8Array(size * size * 3);
  for (let i = 0; i < pixels.length; i++) {
    let value = 0;
    for (const { layer, rgb } of layers) {
      value += (layer[Math.floor(i / 3)] as number) * (rgb[i % 3] as number);
    }
    pixels[i] = Math.min(255, Math.round(255 * value));
  }
  return pixels;
}
