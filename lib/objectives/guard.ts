import { assertFloats, assertSameShape, assertTensor } from "../core/guard";
import type { DiagonalGaussian } from "../core/types";
import type { tf } from "../engine/tf";

/** Refuse a Gaussian whose mean and logVar are not float32 `[B, D]` both. @throws ShapeError */
export function assertGaussian(
  where: string,
  { mean, logVar }: DiagonalGaussian,
  prefix = "",
): void {
  assertSameShape(where, [`${prefix}mean`, `${prefix}logVar`], [mean, logVar]);
  assertFloats(where, `${prefix}mean`, mean, ["B", "D"]);
  assertFloats(where, `${prefix}logVar`, logVar, ["B", "D"]);
}

/**
 * Refuse points that are not float32 `[..., B, D]`, one or several for each row of q; a q of one row
 * is the same for all. @throws ShapeError
 */
export function assertMeets(
  where: string,
  [name, points]: readonly [string, tf.Tensor],
  { mean }: DiagonalGaussian,
): void {
  assertTensor(where, name, points);
  const samples = points.shape.slice(0, -2).map((_, i) => `K${i}`);
  const [rows = 1, size = 1] = mean.shape;
  assertFloats(where, name, points, [...samples, rows === 1 ? "B" : rows, size]);
}

/** Refuse what is not float32 `[B, ...]` with an axis after the first. @throws ShapeError */
export function assertExamples(where: string, name: string, x: tf.Tensor): void {
  assertTensor(where, name, x);
  const features = x.shape.slice(1).map((_, axis) => `N${axis}`);
  assertFloats(where, name, x, ["B", ...(features.length > 0 ? features : ["N"])]);
}
