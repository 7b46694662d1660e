import { ShapeError } from "../core/errors";
import { assertInRange, assertInteger, assertLastAxis } from "../core/guard";
import { tf } from "../engine/tf";
import { buffer, constantParameter } from "./init";
import { Module } from "./module";
import { normaliseChannels, normaliseLast } from "./normalise";

export type NormOptions = {
  /** Added to the variance: 1e-5 unless told. */
  readonly epsilon?: number;
  /** Learn a factor and an offset per channel: yes unless told. */
  readonly isAffine?: boolean;
};

/** The part of a norm that is learnt. */
type Affine = {
  readonly epsilon: number;
  readonly weight: tf.Variable | undefined;
  readonly bias: tf.Variable | undefined;
};

/** centred / √(variance + ε) · weight + bias. The small factors meet first, to save passes. */
function scaleAndShift(centred: tf.Tensor, variance: tf.Tensor, norm: Affine): tf.Tensor {
  const inverse = variance.add(norm.epsilon).rsqrt();
  const scaled = centred.mul(norm.weight === undefined ? inverse : inverse.mul(norm.weight));
  return norm.bias === undefined ? scaled : scaled.add(norm.bias);
}

/** Every vector along the last axis gets mean 0 and (biased) variance 1. */
export class LayerNorm extends Module {
  /** Factor per feature `[C]`. */
  readonly weight: tf.Variable | undefined;
  /** Offset per feature `[C]`. */
  readonly bias: tf.Variable | undefined;
  readonly epsilon: number;

  /** @see Ba, Kiros & Hinton 2016, arXiv:1607.06450v1, eq. 3–4 */
  constructor(
    readonly numFeatures: number,
    { epsilon = 1e-5, isAffine = true }: NormOptions = {},
  ) {
    super();
    assertNorm("LayerNorm", numFeatures, epsilon);
    this.epsilon = epsilon;
    this.weight = isAffine ? constantParameter([numFeatures], 1) : undefined;
    this.bias = isAffine ? constantParameter([numFeatures], 0) : undefined;
  }

  /**
   * @param x `[..., C]`
   * @returns the same shape; the caller owns it
   * @throws ShapeError if the last axis is not `numFeatures`, or x is empty or not float32
   */
  forward<T extends tf.Tensor>(x: T): T {
    assertLastAxis("LayerNorm", x, this.numFeatures);
    return tf.tidy(() => {
      const normalised = normaliseLast(x, this.epsilon);
      const scaled = this.weight === undefined ? normalised : normalised.mul(this.weight);
      return (this.bias === undefined ? scaled : scaled.add(this.bias)) as T;
    });
  }
}

export type BatchNormOptions = NormOptions & {
  /** Share of the new batch in the running moments: 0.1 unless told (PyTorch's convention). */
  readonly momentum?: number;
};

/**
 * Every channel gets mean 0 and variance 1: over the batch (biased variance) while training, when
 * the running moments take in the batch as well; by the running moments in evaluation.
 *
 * As in PyTorch, the running variance takes in the *unbiased* variance, and
 * running ← (1 − momentum)·running + momentum·batch. Each training forward counts, also a second
 * one on the same batch.
 *
 * @see Ioffe & Szegedy 2015, arXiv:1502.03167v3, algorithms 1–2
 */
export class BatchNorm extends Module {
  /** Factor per channel `[C]`. */
  readonly weight: tf.Variable | undefined;
  /** Offset per channel `[C]`. */
  readonly bias: tf.Variable | undefined;
  /** `[C]`, 0 at first; not trained. */
  readonly runningMean: tf.Variable;
  /** `[C]`, 1 at first; not trained. */
  readonly runningVariance: tf.Variable;
  readonly epsilon: number;
  readonly momentum: number;

  /** @throws ValueError */
  constructor(
    readonly numChannels: number,
    { epsilon = 1e-5, isAffine = true, momentum = 0.1 }: BatchNormOptions = {},
  ) {
    super();
    assertNorm("BatchNorm", numChannels, epsilon);
    assertInRange("BatchNorm", "momentum", momentum, [0, 1]);
    [this.epsilon, this.momentum] = [epsilon, momentum];
    this.weight = isAffine ? constantParameter([numChannels], 1) : undefined;
    this.bias = isAffine ? constantParameter([numChannels], 0) : undefined;
    this.runningMean = buffer([numChannels], 0);
    this.runningVariance = buffer([numChannels], 1);
  }

  /**
   * @param x `[B, ..., C]`
   * @returns the same shape; the caller owns it
   * @throws ShapeError if the last axis is not `numChannels`, x is empty or not float32, or, while
   *   training, a channel has one value only
   */
  forward<T extends tf.Tensor>(x: T): T {
    assertLastAxis("BatchNorm", x, this.numChannels, ["B"]);
    if (!this.isTraining) {
      return tf.tidy(() => scaleAndShift(x.sub(this.runningMean), this.runningVariance, this) as T);
    }
    const count = x.size / this.numChannels;
    if (count < 2) {
      throw new ShapeError(
        "BatchNorm: training needs two values per channel at least, got one.",
        "Use a larger batch, or setTraining(false).",
      );
    }
    return tf.tidy(() => {
      const weight = this.weight ?? tf.ones([this.numChannels]);
      const bias = this.bias ?? tf.zeros([this.numChannels]);
      const { value, mean, variance } = normaliseChannels(x, [weight, bias], this.epsilon);
      this.takeIn(this.runningMean, mean);
      this.takeIn(this.runningVariance, variance);
      return value as T;
    });
  }

  private takeIn(running: tf.Variable, batch: tf.Tensor): void {
    running.assign(running.mul(1 - this.momentum).add(batch.mul(this.momentum)));
  }
}

/** @throws ValueError */
export function assertNorm(where: string, numChannels: number, epsilon: number): void {
  assertInteger(where, "number of channels", numChannels);
  assertInRange(where, "epsilon", epsilon, [0, 1]);
}
