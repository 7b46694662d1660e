import { assertInRange, assertInteger } from "../core/guard";
import { ShapeError } from "../core/errors";
import type { tf } from "../engine/tf";
import { readRows, squaredDistance } from "./rows";

export type ModeCoverage = {
  /** How many modes have at least `minSamples` good samples. */
  readonly modesFound: number;
  /** Share of samples within `within` standard deviations of some mode. */
  readonly highQualityShare: number;
  /** Good samples of each mode. */
  readonly counts: Int32Array;
};

export type ModeCoverageOptions = {
  /** Standard deviation of each mode. */
  readonly std: number;
  /** A sample is good within so many standard deviations of its nearest mode. */
  readonly within?: number;
  /** A mode is found with so many good samples. */
  readonly minSamples?: number;
};

/**
 * How many modes of a mixture a generator has found, and how many of its samples lie in one.
 *
 * @param samples `[N, D]`
 * @param modes centres, each of D numbers
 * @throws ShapeError, NonFiniteError, ValueError
 * @see Srivastava et al. 2017, arXiv:1705.07761v3, section 4.1
 */
export function modeCoverage(
  samples: tf.Tensor2D,
  modes: readonly (readonly number[])[],
  { std, within = 3, minSamples = 1 }: ModeCoverageOptions,
): ModeCoverage {
  const where = "modeCoverage";
  const rows = readRows(where, "samples", samples);
  assertInteger(where, "the number of modes", modes.length);
  assertInRange(where, "std", std, [Number.MIN_VALUE, Number.MAX_VALUE]);
  assertInRange(where, "within", within, [Number.MIN_VALUE, Number.MAX_VALUE]);
  assertInteger(where, "minSamples", minSamples);
  if (modes.some((mode) => mode.length !== rows.size)) {
    throw new ShapeError(`${where}: each mode must have ${rows.size} numbers, as the samples do.`);
  }
  const centres = { values: Float32Array.from(modes.flat()), n: modes.length, size: rows.size };
  const counts = new Int32Array(modes.length);
  let good = 0;
  for (let i = 0; i < rows.n; i++) {
    const apart = modes.map((_, k) => squaredDistance(rows, i, centres, k));
    const nearest = apart.indexOf(Math.min(...apart));
    if ((apart[nearest] as number) > (within * std) ** 2) continue;
    counts[nearest] = (counts[nearest] as number) + 1;
    good++;
  }
  const modesFound = counts.filter((count) => count >= minSamples).length;
  return { modesFound, highQualityShare: good / rows.n, counts };
}
