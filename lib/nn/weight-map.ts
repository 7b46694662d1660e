import { assertFloats, assertInRange, assertInteger, assertSizes } from "../core/guard";
import type { Rng } from "../core/random";
import { tf } from "../engine/tf";
import type { DenseOptions } from "./dense";
import { buffer, fans, normal } from "./init";
import { Module } from "./module";

/** What stands between a layer's stored weight and the one that it uses. */
export type MappedWeight = Module & { forward(weight: tf.Tensor): tf.Tensor };

/** Makes the map of one layer from the shape of its weight, `[..., in, out]`. */
export type WeightMap = (shape: readonly number[], rng: Rng) => MappedWeight;

/** The weight that a layer uses. */
export function mapped(weight: tf.Variable, map: MappedWeight | undefined): tf.Tensor {
  return map === undefined ? weight : map.forward(weight);
}

export type SpectralNormOptions = {
  /** Rounds of the power iteration in each training forward: 1 unless told. */
  readonly iterations?: number;
};

/**
 * Divides a weight by its largest singular value, so that the layer stretches nothing by more than
 * 1. The value is estimated by power iteration, which goes on from one training forward to the
 * next; in evaluation the estimate stays. As in the paper, no gradient passes through the vectors
 * of the iteration.
 *
 * @see Miyato et al. 2018, arXiv:1802.05957v1, eq. 8 and algorithm 1
 */
export class SpectralNorm extends Module {
  /** The right singular vector so far, `[out]`; not trained. */
  readonly u: tf.Variable;
  private readonly iterations: number;

  /** @param shape of the weight, `[..., in, out]`. @throws ShapeError, ValueError */
  constructor(
    private readonly shape: readonly number[],
    rng: Rng,
    { iterations = 1 }: SpectralNormOptions = {},
  ) {
    super();
    assertSizes("SpectralNorm", "shape", shape);
    assertInteger("SpectralNorm", "iterations", iterations);
    this.iterations = iterations;
    const outputs = shape.at(-1) ?? 1;
    this.u = buffer([outputs], 0);
    tf.tidy(() => this.u.assign(unit(rng.normal([outputs, 1])).reshape([outputs])));
  }

  /**
   * @eq SNGAN.8  W / σ(W), σ(W) ≈ vᵀ W u
   * @param weight of the shape given to the constructor
   * @returns the same shape; the caller owns it
   * @throws ShapeError
   */
  forward(weight: tf.Tensor): tf.Tensor {
    assertFloats("SpectralNorm", "weight", weight, this.shape);
    return tf.tidy(() => {
      const matrix = weight.reshape<tf.Tensor2D>([-1, this.u.size]); // (in, out)
      const { u, v } = this.singularVectors(constant(matrix));
      const sigma = tf.matMul(tf.matMul(v, matrix, true), u).reshape([]);
      return weight.div(sigma);
    });
  }

  private singularVectors(matrix: tf.Tensor2D): { u: tf.Tensor2D; v: tf.Tensor2D } {
    let u = this.u.reshape<tf.Tensor2D>([-1, 1]); // (out, 1)
    let v = unit(tf.matMul(matrix, u)); // (in, 1)
    for (let i = 0; this.isTraining && i < this.iterations; i++) {
      u = unit(tf.matMul(matrix, v, true));
      if (i < this.iterations - 1) v = unit(tf.matMul(matrix, u));
    }
    if (this.isTraining) this.u.assign(u.reshape([-1]));
    return { u, v };
  }
}

/** For layers' `weightMap`: see `SpectralNorm`. */
export function spectralNorm(options: SpectralNormOptions = {}): WeightMap {
  const { iterations = 1 } = options;
  assertInteger("spectralNorm", "iterations", iterations);
  return (shape, rng) => new SpectralNorm(shape, rng, options);
}

/**
 * Multiplies a weight by √(gain / fanIn): stored weights are N(0, 1) in every layer, so one
 * learning rate of Adam changes all of them at the same relative speed.
 *
 * @see Karras et al. 2018, arXiv:1710.10196v3, §4.1
 */
export class EqualizedRate extends Module {
  private readonly scale: number;

  /** @param shape of the weight, `[..., in, out]`. @throws ShapeError, ValueError */
  constructor(
    private readonly shape: readonly number[],
    gain = 2,
  ) {
    super();
    this.scale = equalizedScale(shape, gain);
  }

  /** @returns the weight in use; the caller owns it. @throws ShapeError */
  forward(weight: tf.Tensor): tf.Tensor {
    assertFloats("EqualizedRate", "weight", weight, this.shape);
    return weight.mul(this.scale);
  }
}

/**
 * The constant of He's initialiser, √(gain / fanIn), where fanIn counts the inputs of one output.
 *
 * @param shape of a weight, `[..., in, out]`
 * @param gain 2 before ReLU, 1 before nothing
 * @throws ShapeError, ValueError
 */
export function equalizedScale(shape: readonly number[], gain = 2): number {
  assertInRange("equalizedScale", "gain", gain, [Number.MIN_VALUE, Number.MAX_VALUE]);
  return Math.sqrt(gain / fans(shape).fanIn);
}

/** Options of a dense or convolutional layer with an equalised learning rate. */
export function equalized(gain = 2): Required<Pick<DenseOptions, "weightInit" | "weightMap">> {
  assertInRange("equalized", "gain", gain, [Number.MIN_VALUE, Number.MAX_VALUE]);
  const weightMap: WeightMap = (shape) => new EqualizedRate(shape, gain);
  return { weightInit: normal(1), weightMap };
}

/** x / ‖x‖. */
function unit(x: tf.Tensor): tf.Tensor2D {
  return x.div(x.norm().add(1e-12));
}

/** The same numbers, through which no gradient passes. */
const constantOp = tf.customGrad((x) => ({
  value: (x as tf.Tensor).clone(),
  gradFunc: (dy: tf.Tensor) => tf.zerosLike(dy),
}));

function constant(x: tf.Tensor2D): tf.Tensor2D {
  return constantOp(x) as tf.Tensor2D;
}
