import { Rng, tf } from "latentlab";

/** A whole number in [min, max]. */
export type Draw = (min: number, max: number) => number;

/** One way in which an argument can be wrong. */
export interface Fault {
  readonly what: string;
  /** True if it shows only once a model has run, such as noise of another latent size. */
  readonly isLate?: boolean | undefined;
  /** A wrong value; the caller frees its tensors. */
  make(draw: Draw): unknown;
}

/** An argument that a function takes, and the ways in which it must not be. */
export interface Argument {
  /** A fresh right value; the caller frees it. */
  valid(): unknown;
  readonly faults: readonly Fault[];
  /** True if one value serves all calls: a model, which they borrow. */
  readonly isFixture?: boolean;
}

/** A model or the like, which is made once for all calls of a function and only borrowed by them. */
export function fixture(valid: () => unknown): Argument {
  return { valid, faults: [], isFixture: true };
}

/** An argument that is not tried with wrong values: a generator, a function, a data set. */
export function given(valid: () => unknown): Argument {
  return { valid, faults: [] };
}

/** A generator: TypeScript's types guard it. */
export const rng: Argument = given(() => new Rng(1));

export type NumberLimits = {
  readonly min?: number;
  readonly max?: number;
  readonly whole?: boolean;
};

/** A number: not NaN, not a text, and inside [min, max]. */
export function number(value: number, limits: NumberLimits = {}): Argument {
  const { min = -Infinity, max = Infinity, whole = false } = limits;
  const faults: Fault[] = [
    { what: "NaN", make: () => NaN },
    { what: "a text", make: () => String(value) },
    { what: "null", make: () => null },
    { what: "∞", make: () => Infinity },
    { what: "−∞", make: () => -Infinity },
  ];
  if (min > -Infinity) {
    const step = whole ? 1 : 1e-3;
    faults.push({ what: `below ${min}`, make: (draw) => min - step * draw(1, 1000) });
  }
  if (max < Infinity) {
    const step = whole ? 1 : 1e-3;
    faults.push({ what: `above ${max}`, make: (draw) => max + step * draw(1, 1000) });
  }
  if (whole) faults.push({ what: "a fraction", make: (draw) => value + draw(1, 99) / 100 });
  return { valid: () => value, faults };
}

/** A whole number of at least `min`. */
export function count(value: number, { min = 1, max = Infinity } = {}): Argument {
  return number(value, { min, max, whole: true });
}

/** One of some words. */
export function word(value: string): Argument {
  const faults = ["", "other", value.toUpperCase(), 1, null].filter((bad) => bad !== value);
  return {
    valid: () => value,
    faults: faults.map((bad) => ({ what: JSON.stringify(bad), make: () => bad })),
  };
}

/** A list of numbers, none of them NaN or infinite; not empty. */
export function numbers(values: readonly number[]): Argument {
  const spoil = (bad: number) => (draw: Draw) => {
    const at = draw(0, values.length - 1);
    return values.map((value, i) => (i === at ? bad : value));
  };
  return {
    valid: () => [...values],
    faults: [
      { what: "a NaN in the list", make: spoil(NaN) },
      { what: "an ∞ in the list", make: spoil(Infinity) },
      { what: "no numbers", make: () => [] },
    ],
  };
}

/** The sizes of a tensor to be made. */
export function sizes(...shape: number[]): Argument {
  const spoil = (bad: number) => (draw: Draw) => {
    const at = draw(0, shape.length - 1);
    return shape.map((size, i) => (i === at ? bad : size));
  };
  return {
    valid: () => [...shape],
    faults: [
      { what: "a size of 0", make: spoil(0) },
      { what: "a size below 0", make: spoil(-1) },
      { what: "a size of NaN", make: spoil(NaN) },
      { what: "a fractional size", make: spoil(1.5) },
      { what: "a number for a shape", make: (draw) => draw(1, 9) },
    ],
  };
}

/** A record of arguments; each may be wrong in its own ways, one at a time. */
export function record(fields: Readonly<Record<string, Argument>>): Argument {
  const validFields = (): [string, unknown][] =>
    Object.entries(fields).map(([key, field]) => [key, field.valid()]);
  const faults = Object.entries(fields).flatMap(([wrong, field]) =>
    field.faults.map(({ what, make, isLate }) => ({
      what: `${wrong}: ${what}`,
      isLate,
      make: (draw: Draw) => {
        const entries = Object.entries(fields).map(([key, other]) =>
          key === wrong ? [key, make(draw)] : [key, other.valid()],
        );
        return Object.fromEntries(entries) as unknown;
      },
    })),
  );
  return { valid: () => Object.fromEntries(validFields()) as unknown, faults };
}

export type TensorLimits = {
  readonly dtype?: "float32" | "int32";
  /** Which axes have just this size; the others may have any size but 0. */
  readonly fixed?: readonly number[];
  /** True if axes may come before these: several samples of the same. */
  readonly hasSamples?: boolean;
  /** True if only the last axis is settled: there may be any others. */
  readonly anyLeading?: boolean;
  /** True if any shape will do, empty ones too. */
  readonly anyRank?: boolean;
  /** Values outside this range are refused. */
  readonly range?: readonly [number, number];
};

/** A tensor of this shape: not of another rank, size or dtype, and not something else. */
export function tensor(shape: readonly number[], limits: TensorLimits = {}): Argument {
  const {
    dtype = "float32",
    fixed = [],
    anyRank = false,
    hasSamples = false,
    anyLeading = false,
    range,
  } = limits;
  const make = (sizes: readonly number[], type: tf.DataType = dtype, value = range?.[0] ?? 0.5) =>
    tf.fill([...sizes], type === "int32" ? Math.round(value) : value, type as "float32");
  const resized = (at: number, size: number) => make(shape.map((n, i) => (i === at ? size : n)));
  const faults: Fault[] = [
    { what: "undefined", make: () => undefined },
    { what: "a number", make: (draw) => draw(-9, 9) },
    { what: "a ragged array", make: () => [[1, 2], [3]] },
    {
      what: dtype === "int32" ? "float32" : "int32",
      make: () => make(shape, dtype === "int32" ? "float32" : "int32", 1),
    },
    ...fixed.map((at) => ({
      what: `another size on axis ${at}`,
      make: (draw: Draw) => resized(at, (shape[at] as number) + draw(1, 5)),
    })),
  ];
  if (!anyRank) {
    shape.forEach((_, at) =>
      faults.push({ what: `size 0 on axis ${at}`, make: () => resized(at, 0) }),
    );
    faults.push({ what: "an axis more", make: () => make([...shape, 1]) });
    if (!hasSamples && !anyLeading)
      faults.push({ what: "an axis before", make: () => make([1, ...shape]) });
    if (shape.length > 0 && !anyLeading)
      faults.push({ what: "an axis less", make: () => make(shape.slice(1)) });
  }
  if (range !== undefined) {
    const [min, max] = range;
    faults.push({
      what: `values below ${min}`,
      make: (draw) => make(shape, dtype, min - draw(1, 9)),
    });
    faults.push({
      what: `values above ${max}`,
      make: (draw) => make(shape, dtype, max + draw(1, 9)),
    });
  }
  return { valid: () => make(shape), faults };
}

/** The same argument where its faults show only once a model has run. */
export function late({ valid, faults }: Argument): Argument {
  return { valid, faults: faults.map((fault) => ({ ...fault, isLate: true })) };
}
