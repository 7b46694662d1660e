import { assertInRange, assertReal, assertSizes } from "../core/guard";
import type { Rng } from "../core/random";
import { tf } from "../engine/tf";

/** Makes the first value of a weight; the caller owns it. */
export type Initializer = (shape: readonly number[], rng: Rng) => tf.Tensor;

/**
 * Inputs and outputs that one weight of a kernel touches. The last two axes of `shape` are
 * [in, out] (dense `[in, out]`, convolution `[h, w, in, out]`); the axes before them are the window.
 */
export function fans(shape: readonly number[]): { fanIn: number; fanOut: number } {
  assertSizes("fans", "shape", shape);
  const [inputs = 1, outputs = 1] = shape.slice(-2);
  const window = shape.slice(0, -2).reduce((product, size) => product * size, 1);
  return { fanIn: window * inputs, fanOut: window * outputs };
}

/** U[−a, a], a = √(6 / (fanIn + fanOut)). @see Glorot & Bengio 2010, eq. 16 */
export const xavierUniform: Initializer = (shape, rng) => {
  const { fanIn, fanOut } = fans(shape);
  const bound = Math.sqrt(6 / (fanIn + fanOut));
  return rng.uniform(shape, -bound, bound);
};

/** N(0, 2 / fanIn), for layers followed by ReLU. @see He et al. 2015, arXiv:1502.01852v1, eq. 10 */
export const heNormal: Initializer = (shape, rng) =>
  rng.normal(shape, 0, Math.sqrt(2 / fans(shape).fanIn));

/** N(0, std²). */
export function normal(std: number): Initializer {
  assertInRange("normal", "std", std, [0, Number.MAX_VALUE]);
  return (shape, rng) => rng.normal(shape, 0, std);
}

export const zeros: Initializer = (shape) => filled(shape, 0);
export const ones: Initializer = (shape) => filled(shape, 1);

function filled(shape: readonly number[], value: number): tf.Tensor {
  assertSizes("Initializer", "shape", shape);
  return tf.fill([...shape], value);
}

/** A trainable variable of a module; the module owns it. */
export function parameter(shape: readonly number[], init: Initializer, rng: Rng): tf.Variable {
  const value = init(shape, rng);
  const variable = tf.variable(value);
  value.dispose();
  return variable;
}

/** A trainable variable that starts the same everywhere; the module owns it. */
export function constantParameter(shape: readonly number[], fill: number): tf.Variable {
  return variableOf(shape, fill, true);
}

/** A variable that training does not change, such as a running mean; the module owns it. */
export function buffer(shape: readonly number[], fill: number): tf.Variable {
  return variableOf(shape, fill, false);
}

function variableOf(shape: readonly number[], fill: number, isTrainable: boolean): tf.Variable {
  assertSizes("variable", "shape", shape);
  assertReal("variable", "fill", fill);
  const value = tf.fill([...shape], fill);
  const variable = tf.variable(value, isTrainable);
  value.dispose();
  return variable;
}
