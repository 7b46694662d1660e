import type { tf } from "../engine/tf";
import { NonFiniteError, ShapeError, ValueError } from "./errors";

/** An expected axis: a size, or a name for any size but 0 that the message shows, e.g. `"B"`. */
export type Axis = number | string;

function describe(shape: readonly Axis[]): string {
  return `[${shape.join(", ")}]`;
}

/** Refuse anything but a tensor: undefined, a number, a list of lists. @throws ShapeError */
export function assertTensor(where: string, name: string, value: unknown): void {
  if (Array.isArray((value as { shape?: unknown } | null | undefined)?.shape)) return;
  const found = Array.isArray(value) ? "an array" : value === null ? "null" : typeof value;
  throw new ShapeError(`${where}: ${name} must be a tensor, got ${found}.`);
}

/**
 * Refuse a tensor whose shape is not the expected one.
 *
 * @example assertShape("qSample", "x0", x0, ["B", 28, 28, 1])
 * @throws ShapeError naming function, argument, expected and got
 */
export function assertShape(
  where: string,
  name: string,
  tensor: tf.Tensor,
  expected: readonly Axis[],
): void {
  assertTensor(where, name, tensor);
  const matches =
    tensor.shape.length === expected.length &&
    expected.every((axis, i) => {
      const size = tensor.shape[i] as number;
      return typeof axis === "string" ? size > 0 : size === axis;
    });
  if (matches) return;
  throw new ShapeError(
    `${where}: ${name} must have shape ${describe(expected)}, got ${describe(tensor.shape)}.`,
  );
}

/** Refuse two tensors of different shapes: nothing is broadcast silently. @throws ShapeError */
export function assertSameShape(
  where: string,
  names: readonly [string, string],
  tensors: readonly [tf.Tensor, tf.Tensor],
): void {
  tensors.forEach((tensor, i) => assertTensor(where, names[i] as string, tensor));
  const [a, b] = tensors.map(({ shape }) => describe(shape));
  if (a !== b) {
    throw new ShapeError(`${where}: ${names[0]} is ${a} but ${names[1]} is ${b}; they must agree.`);
  }
}

/** Refuse another dtype. @throws ShapeError */
export function assertDtype(
  where: string,
  name: string,
  tensor: tf.Tensor,
  expected: tf.DataType,
): void {
  assertTensor(where, name, tensor);
  if (tensor.dtype === expected) return;
  throw new ShapeError(`${where}: ${name} must be ${expected}, got ${tensor.dtype}.`);
}

/** Refuse a tensor that is not float32 or not of the expected shape. @throws ShapeError */
export function assertFloats(
  where: string,
  name: string,
  tensor: tf.Tensor,
  expected: readonly Axis[],
): void {
  assertShape(where, name, tensor, expected);
  assertDtype(where, name, tensor, "float32");
}

/**
 * Refuse a tensor that is not float32 `[..., size]`, with at least `leading` axes before the last.
 *
 * @throws ShapeError
 */
export function assertLastAxis(
  where: string,
  tensor: tf.Tensor,
  size: Axis,
  leading: readonly string[] = [],
): void {
  assertTensor(where, "x", tensor);
  const rank = Math.max(tensor.rank - 1, leading.length);
  const axes = Array.from({ length: rank }, (_, i) => leading[i] ?? `N${i}`);
  assertFloats(where, "x", tensor, [...axes, size]);
}

/** Refuse a number outside [min, max], NaN, or anything but a number. @throws ValueError */
export function assertInRange(
  where: string,
  name: string,
  value: number,
  [min, max]: readonly [number, number],
): void {
  if (typeof value === "number" && value >= min && value <= max) return;
  throw new ValueError(`${where}: ${name} must be in [${min}, ${max}], got ${value}.`);
}

/** Refuse NaN, infinities, and anything but a number. @throws ValueError */
export function assertReal(where: string, name: string, value: number): void {
  if (Number.isFinite(value)) return;
  throw new ValueError(`${where}: ${name} must be a finite number, got ${value}.`);
}

/** Refuse anything but a whole number of at least `min`. @throws ValueError */
export function assertInteger(where: string, name: string, value: number, min = 1): void {
  if (Number.isSafeInteger(value) && value >= min) return;
  throw new ValueError(
    `${where}: ${name} must be a whole number of at least ${min}, got ${value}.`,
  );
}

/** Refuse anything but one of these words. @throws ValueError */
export function assertOneOf(
  where: string,
  name: string,
  value: unknown,
  words: readonly string[],
): void {
  if (words.some((word) => word === value)) return;
  const choice = words.map((word) => `"${word}"`).join(" or ");
  throw new ValueError(`${where}: ${name} must be ${choice}, got ${JSON.stringify(value)}.`);
}

/** Refuse a shape with an axis that is not a whole number of at least 1. @throws ShapeError */
export function assertSizes(where: string, name: string, shape: readonly number[]): void {
  const isShape = Array.isArray(shape) && shape.every((n) => Number.isSafeInteger(n) && n >= 1);
  if (isShape) return;
  throw new ShapeError(
    `${where}: ${name} must be a list of whole numbers of at least 1, got ${String(shape)}.`,
  );
}

/** Refuse NaN and infinities among host numbers; the message gives how many. @throws NonFiniteError */
export function assertFinite(where: string, name: string, values: ArrayLike<number>): void {
  let bad = 0;
  for (let i = 0; i < values.length; i++) if (!Number.isFinite(values[i])) bad++;
  if (bad === 0) return;
  throw new NonFiniteError(
    `${where}: ${bad} of ${values.length} values of ${name} are not finite.`,
  );
}
