import { LatentLabError } from "../core/errors";
import { tf } from "../engine/tf";
import { type Numbers, flatten, perturbed, shapeOf } from "./numbers";
import { type Output, type Probe, type Reading, expect, read, tensorsIn } from "./probe";

/** The tensor that a nested list becomes. */
type TensorOf<N> = N extends number
  ? tf.Scalar
  : N extends readonly number[]
    ? tf.Tensor1D
    : N extends readonly (readonly number[])[]
      ? tf.Tensor2D
      : N extends readonly (readonly (readonly number[])[])[]
        ? tf.Tensor3D
        : tf.Tensor4D;

type Inputs = Readonly<Record<string, Numbers>>;
type TensorInputs<I> = { readonly [K in keyof I]: TensorOf<I[K]> };

/** A function checked against numbers that are worked out independently. */
export interface ValueSpec<F, I extends Inputs> {
  readonly cases: readonly { readonly title: string; readonly inputs: I }[];
  /** How the function is called with a case's inputs as tensors. */
  readonly call: (fn: F, inputs: TensorInputs<I>) => Output;
  /** The right answer in plain float64 numbers: scalar loops, never the code under check. */
  readonly reference: (inputs: I) => Numbers | Readonly<Record<string, Numbers>>;
  /** Inputs whose gradient is compared with central differences of `reference`. */
  readonly gradients?: readonly (keyof I & string)[];
  /** Inputs that are not float32. */
  readonly dtypes?: { readonly [K in keyof I]?: tf.DataType };
  readonly absolute?: number;
  readonly relative?: number;
}

const GRADIENT_TOLERANCE = { absolute: 1e-3, relative: 1e-3 };

/** Shapes and values of every case; gradients of every case; memory of the first. */
export function valueProbes<F, I extends Inputs>(spec: ValueSpec<F, I>): Probe<F>[] {
  const { cases, reference, absolute = 1e-5, relative = 1e-4, gradients = [] } = spec;
  const probes = cases.flatMap(({ title, inputs }): Probe<F>[] => {
    const result = () => read(reference(inputs));
    const output = (fn: F) => read(spec.call(fn, toTensors(inputs, spec.dtypes)));
    return [
      {
        aspect: "shapes",
        title,
        measure: (fn) => output(fn).map(shapeOnly),
        expected: () => expect(result().map(shapeOnly), { absolute: 0, relative: 0 }),
      },
      {
        aspect: "values",
        title,
        measure: output,
        expected: () => expect(result(), { absolute, relative }),
      },
    ];
  });
  const [first] = cases;
  return [
    ...probes,
    ...cases.flatMap(({ title, inputs }) =>
      gradients.map((input) => gradientProbe(spec, title, inputs, input)),
    ),
    ...(first === undefined ? [] : [memoryProbe(spec, first.inputs)]),
  ];
}

function shapeOnly({ name, shape }: Reading): Reading {
  return { name, shape, values: [] };
}

function toTensors<I extends Inputs>(
  inputs: I,
  dtypes: { readonly [K in keyof I]?: tf.DataType } = {},
): TensorInputs<I> {
  const entries = Object.entries(inputs).map(([name, numbers]) => [
    name,
    tf.tensor(flatten(numbers), shapeOf(numbers), dtypes[name] ?? "float32"),
  ]);
  return Object.fromEntries(entries) as TensorInputs<I>;
}

/** Unequal weights, so that a gradient that is right only in sum does not pass. */
function weight(i: number): number {
  return Math.cos(i + 1);
}

function gradientProbe<F, I extends Inputs>(
  { call, reference, dtypes }: ValueSpec<F, I>,
  title: string,
  inputs: I,
  input: keyof I & string,
): Probe<F> {
  const shape = shapeOf(inputs[input] as Numbers);
  const loss = (values: I): number =>
    read(reference(values))
      .flatMap((reading) => reading.values)
      .reduce((sum, value, i) => sum + weight(i) * value, 0);
  const slope = (i: number): number => {
    const at = (delta: number): number =>
      loss({ ...inputs, [input]: perturbed(inputs[input] as Numbers, i, delta) });
    return (at(1e-5) - at(-1e-5)) / 2e-5;
  };
  const count = flatten(inputs[input] as Numbers).length;
  const values = (): number[] => Array.from({ length: count }, (_, i) => slope(i));
  return {
    aspect: "gradients",
    title: `${title}, by ${input}`,
    measure: (fn) => [
      ...read(
        gradientOf((tensors) => call(fn, tensors), toTensors(inputs, dtypes), input),
        input,
      ),
    ],
    expected: () => expect([{ name: input, shape, values: values() }], GRADIENT_TOLERANCE),
  };
}

function gradientOf<T extends Readonly<Record<string, tf.Tensor>>>(
  call: (inputs: T) => Output,
  inputs: T,
  input: keyof T & string,
): tf.Tensor {
  const loss = (x: tf.Tensor): tf.Scalar => {
    const flat = tensorsIn(call({ ...inputs, [input]: x })).map((part) => part.flatten());
    if (flat.length === 0) throw new Error("Cannot compute gradient");
    const all = tf.concat(flat);
    return all.mul(Array.from({ length: all.size }, (_, i) => weight(i))).sum();
  };
  try {
    return tf.grad(loss)(inputs[input] as tf.Tensor);
  } catch (cause) {
    if (!String(cause).includes("Cannot compute gradient")) throw cause;
    throw new LatentLabError(
      `No gradient reaches ${input}.`,
      "Use tf operations all the way from it to the result: no dataSync, arraySync or numbers.",
      { cause },
    );
  }
}

function memoryProbe<F, I extends Inputs>({ call, dtypes }: ValueSpec<F, I>, inputs: I): Probe<F> {
  const left = { name: "tensors left behind", shape: [] };
  const lost = { name: "inputs disposed", shape: [] };
  return {
    aspect: "memory",
    title: "only the result stays",
    measure: (fn) => {
      const tensors = toTensors(inputs, dtypes);
      const before = tf.memory().numTensors;
      const given = Object.values<tf.Tensor>(tensors);
      const kept = new Set(tensorsIn(call(fn, tensors)).filter((out) => !given.includes(out)));
      const disposed = given.filter((tensor) => tensor.isDisposed).length;
      const extra = tf.memory().numTensors - before - kept.size + disposed;
      return [
        { ...left, values: [extra] },
        { ...lost, values: [disposed] },
      ];
    },
    expected: () => [
      { ...left, values: [0], allowed: [0] },
      { ...lost, values: [0], allowed: [0] },
    ],
  };
}
