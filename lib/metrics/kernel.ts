import { assertInRange } from "../core/guard";
import type { tf } from "../engine/tf";
import { readBoth, type Rows, squaredDistance } from "./rows";

export type MmdOptions = {
  /** Count each sample with itself too: never negative, but above 0 for equal distributions. */
  readonly isBiased?: boolean;
};

/**
 * Kernel distance: squared MMD with the kernel (x·y / D + 1)³ over all samples at once. Called KID
 * when the features are Inception's. Unbiased at any n, and so now and then below 0.
 *
 * @param a features `[N, D]`, N ≥ 2
 * @param b features `[M, D]`, M ≥ 2
 * @throws ShapeError, NonFiniteError
 * @see Bińkowski et al. 2018, arXiv:1801.01401v5
 */
export function kernelDistance(
  a: tf.Tensor2D,
  b: tf.Tensor2D,
  { isBiased = false }: MmdOptions = {},
): number {
  const sets = readBoth("kernelDistance", { a, b }, 2);
  return mmd(sets, (x, i, y, j) => (dot(x, i, y, j) / x.size + 1) ** 3, isBiased);
}

/**
 * Squared MMD with the kernel exp(−γ |x − y|²).
 *
 * @param a `[N, D]`, N ≥ 2
 * @param b `[M, D]`, M ≥ 2
 * @param options `gamma` > 0, in inverse squared units of the samples
 * @throws ShapeError, NonFiniteError, ValueError
 * @see Gretton et al. 2012, "A kernel two-sample test", JMLR 13
 */
export function rbfMmd(
  a: tf.Tensor2D,
  b: tf.Tensor2D,
  { gamma, isBiased = false }: MmdOptions & { readonly gamma: number },
): number {
  assertInRange("rbfMmd", "gamma", gamma, [Number.MIN_VALUE, Number.MAX_VALUE]);
  const sets = readBoth("rbfMmd", { a, b }, 2);
  return mmd(sets, (x, i, y, j) => Math.exp(-gamma * squaredDistance(x, i, y, j)), isBiased);
}

/**
 * Energy distance 2 E|X − Y| − E|X − X′| − E|Y − Y′|, each mean over all pairs: at least 0, and for
 * two samples of one distribution about (1/N + 1/M) E|X − X′|. Judge it beside the distance between
 * two real samples of the same sizes.
 *
 * @param a `[N, D]`
 * @param b `[M, D]`
 * @returns in units of the samples
 * @throws ShapeError, NonFiniteError
 * @see Székely & Rizzo 2013, "Energy statistics", J. Stat. Plan. Inference 143
 */
export function energyDistance(a: tf.Tensor2D, b: tf.Tensor2D): number {
  const sets = readBoth("energyDistance", { a, b });
  return mmd(sets, (x, i, y, j) => -Math.sqrt(squaredDistance(x, i, y, j)), true);
}

type Kernel = (x: Rows, i: number, y: Rows, j: number) => number;

function mmd([a, b]: readonly [Rows, Rows], kernel: Kernel, isBiased: boolean): number {
  return within(a, kernel, isBiased) + within(b, kernel, isBiased) - 2 * between(a, b, kernel);
}

function within(rows: Rows, kernel: Kernel, isBiased: boolean): number {
  const { n } = rows;
  let [pairs, selves] = [0, 0];
  for (let i = 0; i < n; i++) {
    selves += kernel(rows, i, rows, i);
    for (let j = 0; j < i; j++) pairs += kernel(rows, i, rows, j);
  }
  return isBiased ? (2 * pairs + selves) / (n * n) : (2 * pairs) / (n * (n - 1));
}

function between(a: Rows, b: Rows, kernel: Kernel): number {
  let sum = 0;
  for (let i = 0; i < a.n; i++) for (let j = 0; j < b.n; j++) sum += kernel(a, i, b, j);
  return sum / (a.n * b.n);
}

function dot(a: Rows, i: number, b: Rows, j: number): number {
  let sum = 0;
  for (let k = 0; k < a.size; k++) {
    sum += (a.values[i * a.size + k] as number) * (b.values[j * b.size + k] as number);
  }
  return sum;
}
