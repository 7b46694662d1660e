import { NonFiniteError } from "../core/errors";
import { assertFloats, assertInRange } from "../core/guard";
import type { tf } from "../engine/tf";

/** The rows of a matrix on the host, where sums over them are taken in float64. */
export type Rows = { readonly values: Float32Array; readonly n: number; readonly size: number };

/** @throws ShapeError unless `[N, D]` with N ≥ `min`, float32; NonFiniteError for NaN */
export function readRows(where: string, name: string, samples: tf.Tensor2D, min = 1): Rows {
  assertFloats(where, name, samples, ["N", "D"]);
  const [n, size] = samples.shape;
  assertInRange(where, `the number of rows of ${name}`, n, [min, Infinity]);
  const values = samples.dataSync<"float32">();
  const bad = values.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) {
    throw new NonFiniteError(`${where}: row ${Math.floor(bad / size)} of ${name} is not finite.`);
  }
  return { values, n, size };
}

/** Two sets of rows of one width. @throws ShapeError if the widths differ */
export function readBoth(
  where: string,
  named: Readonly<Record<string, tf.Tensor2D>>,
  min = 1,
): [Rows, Rows] {
  const [[nameA, a], [nameB, b]] = Object.entries(named) as [
    [string, tf.Tensor2D],
    [string, tf.Tensor2D],
  ];
  const rows = readRows(where, nameA, a, min);
  assertFloats(where, nameB, b, ["N", rows.size]);
  return [rows, readRows(where, nameB, b, min)];
}

/** |a_i − b_j|². */
export function squaredDistance(a: Rows, i: number, b: Rows, j: number): number {
  const [left, right, size] = [a.values, b.values, a.size];
  let sum = 0;
  for (let p = i * size, q = j * size, end = p + size; p < end; p++, q++) {
    const difference = (left[p] as number) - (right[q] as number);
    sum += difference * difference;
  }
  return sum;
}
