import { ShapeError } from "../core/errors";
import { assertFinite, assertInRange, assertInteger } from "../core/guard";

/** Refuse lists of different lengths, or without any number. @throws ShapeError, ValueError */
export function assertSameLength(where: string, a: ArrayLike<number>, b: ArrayLike<number>): void {
  assertInteger(where, "the number of points", a.length);
  if (a.length === b.length) return;
  throw new ShapeError(`${where}: one list has ${a.length} numbers, the other ${b.length}.`);
}

/**
 * Refuse what cannot be two densities at the same points: NaN, below 0, of different lengths.
 *
 * @throws ShapeError, ValueError, NonFiniteError
 */
export function assertDensities(where: string, p: ArrayLike<number>, q: ArrayLike<number>): void {
  assertSameLength(where, p, q);
  for (const list of [p, q]) {
    assertFinite(where, "the densities", list);
    for (let i = 0; i < list.length; i++) {
      assertInRange(where, "a density", list[i] as number, [0, Number.MAX_VALUE]);
    }
  }
}
