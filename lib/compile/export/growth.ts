import { INT32 } from "../attributes";
import type { ConstantValue } from "../graph";
import { CompileError } from "../session";
import { typedArray } from "../shapes";

/** slope · batch + offset, each a list of whole numbers. */
export type Line = { readonly slopes: readonly number[]; readonly offsets: readonly number[] };

/** A constant as a function of the batch: whole numbers, or one row again and again. */
export type Growth =
  | { readonly numbers: Line; readonly isScalar: boolean }
  | { readonly row: ConstantValue; readonly shape: Line };

type Sized<T> = readonly [value: T, batch: number];

export function growthOf(a: Sized<ConstantValue>, b: Sized<ConstantValue>): Growth {
  const [[first, batch], [second, otherBatch]] = [a, b];
  const { shape, dtype } = first;
  if (shape.join() === second.shape.join()) {
    if (dtype !== INT32 || shape.length > 1) throw dependsOnBatch("a constant");
    const values = [first, second].map((value) => Array.from(typedArray(value)));
    const [mine, others] = values as [number[], number[]];
    return {
      numbers: lineThrough([mine, batch], [others, otherBatch]),
      isScalar: shape.length === 0,
    };
  }
  const row = rowOf(first);
  const isRepeated = rowOf(second).equals(row);
  const line = lineThrough([shape, batch], [second.shape, otherBatch]);
  if (!isRepeated || line.slopes.slice(1).some((slope) => slope !== 0)) {
    throw dependsOnBatch("a constant");
  }
  return { row: { dtype, shape: [1, ...shape.slice(1)], bytes: row }, shape: line };
}

/** Numbers that stay, or are multiples of the batch. */
function lineThrough(
  [first, batch]: Sized<readonly number[]>,
  [second, otherBatch]: Sized<readonly number[]>,
): Line {
  if (first.length !== second.length) throw dependsOnBatch("a shape");
  const slopes = first.map((value, i) => {
    const other = second[i] as number;
    if (value === other) return 0;
    if (value % batch === 0 && value / batch === other / otherBatch) return value / batch;
    throw dependsOnBatch(`the number ${value}`);
  });
  return { slopes, offsets: first.map((value, i) => (slopes[i] === 0 ? value : 0)) };
}

/** The bytes of the first row. @throws CompileError if another row differs */
function rowOf({ bytes, shape }: ConstantValue): Buffer {
  const size = bytes.length / (shape[0] ?? 1);
  const row = Buffer.from(bytes.slice(0, size));
  for (let at = size; at < bytes.length; at += size) {
    if (!row.equals(bytes.slice(at, at + size))) throw dependsOnBatch("a constant");
  }
  return row;
}

export function dependsOnBatch(what: string): CompileError {
  return new CompileError(
    `The function depends on the number of examples, or on a host value that changes, in a way ` +
      `that cannot be exported: ${what}.`,
    "Give what changes as an input, or give inputs whose first axis is fixed.",
  );
}
