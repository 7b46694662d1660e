import { tf } from "../engine/tf";
import { type Numbers, flatten, shapeOf } from "./numbers";

export type Aspect = "shapes" | "values" | "gradients" | "moments" | "memory";

/** One measured array. `name` says which output or input it belongs to; it may be empty. */
export interface Reading {
  readonly name: string;
  readonly shape: readonly number[];
  /** Row-major; empty where only the shape counts. */
  readonly values: readonly number[];
}

/** What a reading should be: |got − value| ≤ allowed, element by element. */
export interface Expected extends Reading {
  readonly allowed: readonly number[];
}

/** One named question asked of a function: what is measured, and what it should be. */
export interface Probe<F> {
  readonly aspect: Aspect;
  readonly title: string;
  /** Runs inside `tf.tidy`. */
  readonly measure: (fn: F) => readonly Reading[];
  readonly expected: () => readonly Expected[];
}

export interface CheckTolerance {
  readonly absolute: number;
  readonly relative: number;
}

/** What a function under check may return; records give each output a name. */
export type Output = tf.Tensor | Numbers | ArrayBufferView | { readonly [name: string]: Output };

/** The tensors in an output. */
export function tensorsIn(output: Output): tf.Tensor[] {
  if (output instanceof tf.Tensor) return [output];
  if (typeof output !== "object" || ArrayBuffer.isView(output)) return [];
  return Object.values(output as Record<string, Output>).flatMap(tensorsIn);
}

/** Copy an output to the host. */
export function read(output: Output, name = ""): Reading[] {
  if (output instanceof tf.Tensor) {
    return [{ name, shape: output.shape, values: Array.from(output.dataSync()) }];
  }
  if (ArrayBuffer.isView(output)) {
    const values = Array.from(output as Float64Array);
    return [{ name, shape: [values.length], values }];
  }
  if (typeof output === "number" || Array.isArray(output)) {
    const numbers = output as Numbers;
    return [{ name, shape: shapeOf(numbers), values: flatten(numbers) }];
  }
  if (typeof output !== "object" || output === null) return [];
  return Object.entries(output).flatMap(([key, value]) =>
    read(value as Output, name === "" ? key : `${name}.${key}`),
  );
}

/** Readings as the thing to be reached. */
export function expect(
  readings: readonly Reading[],
  { absolute, relative }: CheckTolerance,
): Expected[] {
  return readings.map((reading) => ({
    ...reading,
    allowed: reading.values.map((value) => absolute + relative * Math.abs(value)),
  }));
}

/** One line of "got vs expected". */
export interface Row {
  readonly where: string;
  readonly got: string;
  readonly expected: string;
}

/** Two arrays of one shape to be looked at side by side. */
export interface Comparison {
  readonly shape: readonly number[];
  readonly got: readonly number[];
  readonly expected: readonly number[];
  readonly isWrong: readonly boolean[];
}

/** The first reading of several numbers in which some differ. */
export function compare(
  got: readonly Reading[],
  expected: readonly Expected[],
): Comparison | undefined {
  for (const want of expected) {
    const found = got.find(({ name }) => name === want.name);
    if (found === undefined || describe(found.shape) !== describe(want.shape)) continue;
    const isWrong = want.values.map((value, i) => differs(found.values[i], value, want.allowed[i]));
    if (isWrong.length < 2 || !isWrong.includes(true)) continue;
    return { shape: want.shape, got: found.values, expected: want.values, isWrong };
  }
  return undefined;
}

/** Where `got` is not as expected; empty when all is right. */
export function differences(got: readonly Reading[], expected: readonly Expected[]): Row[] {
  return expected.flatMap((want) => {
    const found = got.find(({ name }) => name === want.name);
    if (found === undefined) {
      return [{ where: want.name || "result", got: "nothing", expected: describe(want.shape) }];
    }
    if (describe(found.shape) !== describe(want.shape)) {
      const where = `${want.name} shape`.trim();
      return [{ where, got: describe(found.shape), expected: describe(want.shape) }];
    }
    return differingElements(found, want);
  });
}

function differingElements(found: Reading, want: Expected): Row[] {
  return want.values.flatMap((expected, i) => {
    const got = found.values[i] ?? NaN;
    if (!differs(got, expected, want.allowed[i])) return [];
    const where = `${want.name} ${describe(position(i, want.shape))}`.trim();
    return [{ where, got: format(got), expected: format(expected) }];
  });
}

function differs(got = NaN, expected: number, allowed = 0): boolean {
  // Written so that NaN is a difference.
  return !(Object.is(got, expected) || Math.abs(got - expected) <= allowed);
}

function describe(shape: readonly number[]): string {
  return shape.length === 0 ? "scalar" : `[${shape.join(", ")}]`;
}

/** The index along each axis of flat position `i`. */
function position(i: number, shape: readonly number[]): number[] {
  let rest = i;
  return shape
    .toReversed()
    .map((size) => {
      const along = rest % size;
      rest = (rest - along) / size;
      return along;
    })
    .reverse();
}

function format(value: number): string {
  return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(6)));
}
