import { type Colour, COLOURS } from "./caption";
import { PALETTE, RADIUS } from "./drawing";

/** A connected patch of one colour. */
export interface Segment {
  readonly colour: Colour;
  /** Σ of `coverage`, in pixels. */
  readonly area: number;
  /** Centroid, in pixels. */
  readonly x: number;
  readonly y: number;
  /** Indices of its pixels and of those that touch them. */
  readonly pixels: readonly number[];
  /** Share of each of those pixels that it covers, as far as brightness tells. */
  readonly coverage: readonly number[];
}

/** A pixel belongs to an object that covers at least this share of it. */
const INSIDE = 0.5;
/** Smaller patches, in areas of a small shape, are noise. */
const LEAST_AREA = 0.35;

/**
 * The coloured patches of a picture. A pixel that a shape of colour c covers to the share α is α c, so
 * its hue tells the colour and its length the share.
 *
 * @param picture `size`² RGB pixels in [0, 1], row by row
 */
export function segment(picture: ArrayLike<number>, size: number): Segment[] {
  const colours = pixelColours(picture, size);
  const owner = new Int32Array(size * size).fill(-1);
  const cores: { colour: number; pixels: number[] }[] = [];
  for (let start = 0; start < owner.length; start++) {
    if (colours[start] === NONE || owner[start] !== -1) continue;
    cores.push(floodFill({ start, label: cores.length, colours, owner, size }));
  }
  const least = LEAST_AREA * Math.PI * (RADIUS.small * size) ** 2;
  return cores
    .map((core) => measure(picture, withBorder(core, owner, size), size))
    .filter(({ area }) => area >= least);
}

const NONE = -1;

/** No colour's half is this dark, in squared length. */
const DARK = 0.15;

function brightness(picture: ArrayLike<number>, i: number): number {
  const at = (c: number): number => (picture[3 * i + c] as number) ** 2;
  return at(0) + at(1) + at(2);
}

/** The palette index of each covered pixel, NONE of the others. */
function pixelColours(picture: ArrayLike<number>, size: number): Int32Array {
  const colours = new Int32Array(size * size).fill(NONE);
  for (let i = 0; i < colours.length; i++) {
    if (brightness(picture, i) < DARK) continue;
    const colour = nearestColour(smoothed(picture, i, size));
    if (shareOf(picture, i, colour) >= INSIDE) colours[i] = colour;
  }
  return colours;
}

const RAYS = COLOURS.map((colour) => {
  const rgb = PALETTE[colour];
  const squared = rgb.reduce((sum, v) => sum + v * v, 0);
  return { rgb, squared, length: Math.sqrt(squared) };
});

/** The colour whose ray from black is at the smallest angle. */
function nearestColour([r, g, b]: readonly [number, number, number]): number {
  let [best, bestCosine] = [0, -Infinity];
  RAYS.forEach(({ rgb, length }, k) => {
    const cosine = (r * rgb[0] + g * rgb[1] + b * rgb[2]) / length; // times the pixel's length
    if (cosine > bestCosine) [best, bestCosine] = [k, cosine];
  });
  return best;
}

/** How much of a colour is in pixel `i`: its projection on the colour, 1 if equal. */
function shareOf(picture: ArrayLike<number>, i: number, colour: number): number {
  const { rgb, squared } = RAYS[colour] as (typeof RAYS)[number];
  const at = (c: number): number => (picture[3 * i + c] as number) * (rgb[c] as number);
  return (at(0) + at(1) + at(2)) / squared;
}

/** The pixel and its neighbours, the pixel itself counting four times: noise in hue averages out. */
function smoothed(
  picture: ArrayLike<number>,
  i: number,
  size: number,
): readonly [number, number, number] {
  const sum: [number, number, number] = [0, 0, 0];
  const add = (at: number, weight: number): void => {
    for (let c = 0; c < 3; c++)
      sum[c] = (sum[c] as number) + weight * (picture[3 * at + c] as number);
  };
  add(i, 4);
  for (const neighbour of neighbours(i, size)) add(neighbour, 1);
  return sum;
}

/** Pixels left, right, above and below. */
function neighbours(i: number, size: number): number[] {
  const found: number[] = [];
  const x = i % size;
  if (x > 0) found.push(i - 1);
  if (x < size - 1) found.push(i + 1);
  if (i >= size) found.push(i - size);
  if (i < size * (size - 1)) found.push(i + size);
  return found;
}

function floodFill(fill: {
  readonly start: number;
  readonly label: number;
  readonly colours: Int32Array;
  readonly owner: Int32Array;
  readonly size: number;
}): { colour: number; pixels: number[] } {
  const { start, label, colours, owner, size } = fill;
  const colour = colours[start] as number;
  const pixels = [start];
  owner[start] = label;
  for (let at = 0; at < pixels.length; at++) {
    for (const next of neighbours(pixels[at] as number, size)) {
      if (owner[next] !== -1 || colours[next] !== colour) continue;
      owner[next] = label;
      pixels.push(next);
    }
  }
  return { colour, pixels };
}

/** Add the pixels around a core that belong to no core: its anti-aliased edge. */
function withBorder(
  core: { readonly colour: number; readonly pixels: readonly number[] },
  owner: Int32Array,
  size: number,
): { colour: number; pixels: number[] } {
  const border = new Set<number>();
  for (const i of core.pixels) {
    const [x, y] = [i % size, Math.floor(i / size)];
    for (let v = Math.max(0, y - 1); v <= Math.min(size - 1, y + 1); v++) {
      for (let u = Math.max(0, x - 1); u <= Math.min(size - 1, x + 1); u++) {
        if (owner[v * size + u] === -1) border.add(v * size + u);
      }
    }
  }
  return { colour: core.colour, pixels: [...core.pixels, ...border] };
}

function measure(
  picture: ArrayLike<number>,
  { colour, pixels }: { readonly colour: number; readonly pixels: readonly number[] },
  size: number,
): Segment {
  const coverage = pixels.map((i) => shareOf(picture, i, colour));
  let [area, x, y] = [0, 0, 0];
  pixels.forEach((i, n) => {
    const share = coverage[n] as number;
    area += share;
    x += share * ((i % size) + 0.5);
    y += share * (Math.floor(i / size) + 0.5);
  });
  const name = COLOURS[colour] as Colour;
  return { colour: name, area, x: x / area, y: y / area, pixels, coverage };
}
