import { assertFinite, assertInteger } from "../../core/guard";
import { ShapeError } from "../../core/errors";
import { type Colour, type Shape, SHAPES, type ShapeSize } from "./caption";
import { coverage, RADIUS } from "./drawing";
import { type Segment, segment } from "./segment";

/** An object that was found in a picture; lengths are in sides of the picture. */
export interface FoundObject {
  readonly colour: Colour;
  readonly shape: Shape;
  readonly size: ShapeSize;
  readonly x: number;
  readonly y: number;
  readonly radius: number;
  /** Squared distance to the ideal shape, in areas of it: 0 is perfect, above ¼ is no shape. */
  readonly misfit: number;
}

/** Between the two sizes in the ratio of radii. */
const SIZE_BORDER = Math.sqrt(RADIUS.small * RADIUS.large);

/**
 * Read a picture back: its objects, from top left to bottom right of their first pixel.
 *
 * Patches of one hue are found, and each is compared with the three ideal shapes of its area and
 * centroid.
 *
 * @param picture `size`² RGB pixels, row by row, 0 black and 1 full; values outside are fine
 * @throws ShapeError, NonFiniteError
 */
export function readScene(picture: ArrayLike<number>, size: number): FoundObject[] {
  assertPicture("readScene", picture, size);
  return segment(picture, size).map((patch) => identify(patch, size));
}

/** @throws ValueError, ShapeError, NonFiniteError */
export function assertPicture(where: string, picture: ArrayLike<number>, size: number): void {
  assertInteger(where, "size", size, 8);
  if (picture.length !== size * size * 3) {
    throw new ShapeError(
      `${where}: a picture of ${size}×${size} RGB pixels has ${size * size * 3} numbers, ` +
        `got ${picture.length}.`,
    );
  }
  assertFinite(where, "picture", picture);
}

function identify(patch: Segment, size: number): FoundObject {
  const window = windowOn(patch, size);
  const radius = Math.sqrt(patch.area / Math.PI);
  const place = {
    x: (patch.x - window.left) / window.side,
    y: (patch.y - window.top) / window.side,
    radius: radius / window.side,
  };
  const misfits = SHAPES.map((shape) => {
    const ideal = coverage({ ...place, shape }, window.side);
    return Math.min(...softened(ideal, window.side).map((soft) => squaredDistance(window, soft)));
  });
  const least = Math.min(...misfits);
  return {
    colour: patch.colour,
    shape: SHAPES[misfits.indexOf(least)] as Shape,
    size: radius / size < SIZE_BORDER ? "small" : "large",
    ...{ x: patch.x / size, y: patch.y / size, radius: radius / size },
    misfit: least / patch.area,
  };
}

/** A square part of the picture, row by row, with the coverage of one patch. */
interface Window {
  readonly left: number;
  readonly top: number;
  readonly side: number;
  readonly coverage: Float32Array;
}

/** The patch with two pixels of black around it. */
function windowOn({ pixels, coverage: found }: Segment, size: number): Window {
  const xs = pixels.map((i) => i % size);
  const ys = pixels.map((i) => Math.floor(i / size));
  const [left, top] = [Math.min(...xs) - 2, Math.min(...ys) - 2];
  const side = Math.max(Math.max(...xs) - left, Math.max(...ys) - top) + 3;
  const inWindow = new Float32Array(side * side);
  found.forEach((share, n) => {
    inWindow[((ys[n] as number) - top) * side + (xs[n] as number) - left] = share;
  });
  return { left, top, side, coverage: inWindow };
}

/** An ideal shape sharp, a little and more out of focus (σ of 0, 0.7 and 1 pixels). */
function softened(sharp: Float32Array, side: number): Float32Array[] {
  const soft = binomialBlur(sharp, side);
  return [sharp, soft, binomialBlur(soft, side)];
}

/** (1 2 1)/4 across and down; the black around it keeps rows from running into each other. */
function binomialBlur(image: Float32Array, side: number): Float32Array {
  const along = (from: Float32Array, stride: number): Float32Array =>
    from.map((here, i) => ((from[i - stride] ?? 0) + 2 * here + (from[i + stride] ?? 0)) / 4);
  return along(along(image, 1), side);
}

function squaredDistance({ coverage: found }: Window, ideal: Float32Array): number {
  return ideal.reduce((sum, want, i) => sum + ((found[i] as number) - want) ** 2, 0);
}
