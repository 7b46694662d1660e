import {
  assertDtype,
  assertFloats,
  assertReal,
  assertSameShape,
  assertShape,
  assertTensor,
} from "../core/guard";
import { gatherRows } from "../core/ops";
import type { Batch, Timesteps } from "../core/types";
import { tf } from "../engine/tf";

/**
 * Each example's own entry of a table over time, shaped to meet a batch: `table[t]`, `[B, 1, …]`.
 * The table is worked out in float64 by the caller; only what is gathered is float32.
 *
 * @example const signal = atTimesteps(schedule.alphaBar.map(Math.sqrt), t, x0); // √ᾱ_t
 * @param table T + 1 numbers, of which entry 0 is the clean picture's
 * @param t timesteps `[B]`, int32, 0…T
 * @param x the batch that it will meet, `[B, ...]`
 * @returns float32, of the rank of `x`; the caller owns it
 * @throws ShapeError if there is not one timestep for each example
 */
export function atTimesteps(table: ArrayLike<number>, t: Timesteps, x: Batch): tf.Tensor {
  assertNoisy("atTimesteps", t, { x });
  return tf.tidy(() =>
    gatherRows(tf.tensor1d(Float32Array.from(table)), t).reshape([
      t.shape[0],
      ...x.shape.slice(1).map(() => 1),
    ]),
  );
}

/** Refuse what is not float32 `[B, ...]`, with at least one example. @throws ShapeError */
export function assertBatch(where: string, name: string, x: Batch): void {
  assertTensor(where, name, x);
  assertFloats(where, name, x, ["B", ...x.shape.slice(1).map((_, axis) => `axis ${axis + 1}`)]);
}

/** Refuse batches that are not float32 and all of one shape `[B, ...]`. @throws ShapeError naming them */
export function assertAlike(where: string, batches: Readonly<Record<string, Batch>>): void {
  const [[firstName, first], ...others] = Object.entries(batches) as [
    [string, Batch],
    ...[string, Batch][],
  ];
  assertBatch(where, firstName, first);
  for (const [name, batch] of others) {
    assertSameShape(where, [firstName, name], [first, batch]);
    assertDtype(where, name, batch, "float32");
  }
}

/** Refuse batches that are not alike, or in which not every example has its timestep. @throws ShapeError */
export function assertNoisy(
  where: string,
  t: Timesteps,
  batches: Readonly<Record<string, Batch>>,
): void {
  assertAlike(where, batches);
  const [first] = Object.values(batches) as [Batch];
  assertShape(where, "t", t, [first.shape[0] as number]);
  assertDtype(where, "t", t, "int32");
}

/** A number, or a scalar tensor of which only shape and type are looked at. @throws ShapeError, ValueError */
export function assertGuidanceScale(where: string, guidanceScale: number | tf.Scalar): void {
  if (guidanceScale instanceof tf.Tensor) assertFloats(where, "guidanceScale", guidanceScale, []);
  else assertReal(where, "guidanceScale", guidanceScale);
}
