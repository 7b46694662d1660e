import { nativeOp, typeAttr } from "../engine/native-op";
import { tf } from "../engine/tf";
import { activeTrace } from "../engine/tracing";
import { assertInRange, assertInteger, assertReal, assertSizes } from "./guard";

/** All there is to know about a generator: it fits in a checkpoint. */
export interface RngState {
  readonly key: number;
  readonly counter: number;
}

type Shape = readonly number[];

/**
 * A seeded generator over TensorFlow's stateless random ops (Philox): draw number n of seed s is a
 * pure function of (s, n, shape), so a run restores exactly from `state()`. No draw uses tfjs's or
 * JavaScript's global generators, which cannot be restored.
 *
 * @example
 * const rng = new Rng(42);
 * const noise = rng.normal([16, 28, 28, 1]); // the caller owns it
 */
export class Rng {
  private key: number;
  private counter = 0;

  /** @param seed a whole number, 0…2³¹−1. @throws ValueError */
  constructor(seed: number) {
    assertInt31("Rng", "seed", seed);
    this.key = seed;
  }

  static restore({ key, counter }: RngState): Rng {
    const rng = new Rng(0);
    rng.moveTo({ key, counter });
    return rng;
  }

  state(): RngState {
    return { key: this.key, counter: this.counter };
  }

  /** Go on from a saved state, as `Rng.restore` does with a new generator. */
  moveTo({ key, counter }: RngState): void {
    this.key = key;
    this.counter = counter;
  }

  /** Skip draws: what a compiled function does for the draws inside it. */
  advance(draws: number): void {
    this.counter += draws;
  }

  /** ε ~ N(mean, std²), float32. The caller owns the tensor. */
  normal<T extends tf.Tensor = tf.Tensor>(shape: Shape, mean = 0, std = 1): T {
    assertSizes("Rng.normal", "shape", shape);
    assertReal("Rng.normal", "mean", mean);
    assertInRange("Rng.normal", "std", std, [0, Number.MAX_VALUE]);
    return tf.tidy(() => {
      const standard = this.draw("StatelessRandomNormal", shape);
      return mean === 0 && std === 1 ? standard : standard.mul(std).add(mean);
    }) as T;
  }

  /** u ~ U[min, max), float32. The caller owns the tensor. */
  uniform<T extends tf.Tensor = tf.Tensor>(shape: Shape, min = 0, max = 1): T {
    assertSizes("Rng.uniform", "shape", shape);
    assertReal("Rng.uniform", "min", min);
    assertInRange("Rng.uniform", "max", max, [min, Number.MAX_VALUE]);
    return tf.tidy(() => {
      const unit = this.draw("StatelessRandomUniform", shape);
      return min === 0 && max === 1 ? unit : unit.mul(max - min).add(min);
    }) as T;
  }

  /** Integers in [min, max), int32. The caller owns the tensor. */
  integers<T extends tf.Tensor = tf.Tensor>(shape: Shape, min: number, max: number): T {
    assertSizes("Rng.integers", "shape", shape);
    assertInteger("Rng.integers", "min", min, -(2 ** 31));
    assertInteger("Rng.integers", "max", max, min + 1);
    assertInRange("Rng.integers", "max", max, [min, 2 ** 31 - 1]);
    return tf.tidy(() => {
      const bounds = [tf.scalar(min, "int32"), tf.scalar(max, "int32")];
      return this.draw("StatelessRandomUniformInt", shape, "int32", bounds);
    }) as T;
  }

  /** `n` numbers u ~ U[0, 1) on the host. */
  uniformArray(n: number): Float32Array {
    return onHost<Float32Array>(this.uniform([n]));
  }

  /** `n` numbers ε ~ N(0, 1) on the host. */
  normalArray(n: number): Float32Array {
    return onHost<Float32Array>(this.normal([n]));
  }

  /** A uniformly random order of 0…n−1, on the host. */
  permutation(n: number): Int32Array {
    assertInteger("Rng.permutation", "n", n);
    const rank = this.fullIntegers(n);
    return Int32Array.from({ length: n }, (_, i) => i).sort(
      (a, b) => (rank[a] as number) - (rank[b] as number) || a - b,
    );
  }

  /** An independent generator: the parent's next draw, not its continuation, is the child's seed. */
  split(): Rng {
    return Rng.restore({ key: this.fullIntegers(1)[0] as number, counter: 0 });
  }

  /**
   * The n-th of a family of independent generators, a pure function of (seed, n): unlike `split` it
   * does not depend on what was drawn before, so step or epoch n finds its numbers without a history.
   *
   * @param n a whole number, 0…2³¹−1. @throws ValueError
   */
  fold(n: number): Rng {
    assertInt31("Rng.fold", "n", n);
    // Draws count up from 0; folds use the negative counters, which no draw ever reaches.
    return Rng.restore({ key: this.key, counter: -1 - n }).split();
  }

  /** Whole int32 range, `n` of them, on the host. */
  private fullIntegers(n: number): Int32Array {
    return onHost<Int32Array>(
      tf.tidy(() => this.draw("StatelessRandomUniformFullInt", [n], "int32")),
    );
  }

  private draw(
    op: string,
    shape: Shape,
    dtype: "float32" | "int32" = "float32",
    bounds: readonly tf.Tensor[] = [],
  ): tf.Tensor {
    const attrs = [typeAttr("dtype", dtype), typeAttr("T", "int32"), typeAttr("Tseed", "int32")];
    const size = tf.tensor1d([...shape], "int32");
    const seed = activeTrace()?.seed(this) ?? tf.tensor1d([this.key, this.counter++], "int32");
    return nativeOp(op, attrs, [size, seed, ...bounds]);
  }
}

/** Values of a tensor, which is freed here: `tidy` would search an array for tensors, one by one. */
function onHost<T extends Float32Array | Int32Array>(tensor: tf.Tensor): T {
  try {
    return tensor.dataSync().slice() as T;
  } finally {
    tensor.dispose();
  }
}

/** TensorFlow takes seeds as int32. */
function assertInt31(where: string, name: string, value: number): void {
  assertInteger(where, name, value, 0);
  assertInRange(where, name, value, [0, 2 ** 31 - 1]);
}
