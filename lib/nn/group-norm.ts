import { ValueError } from "../core/errors";
import { assertInteger, assertLastAxis } from "../core/guard";
import { tf } from "../engine/tf";
import { constantParameter } from "./init";
import { Module } from "./module";
import { assertNorm, type NormOptions } from "./norm";

/**
 * Every group of consecutive channels gets mean 0 and (biased) variance 1 over its pixels, each
 * example by itself. One group per channel is instance normalisation.
 *
 * @see Wu & He 2018, arXiv:1803.08494v3, eq. 1–3
 */
export class GroupNorm extends Module {
  /** Factor per channel `[C]`. */
  readonly weight: tf.Variable | undefined;
  /** Offset per channel `[C]`. */
  readonly bias: tf.Variable | undefined;
  readonly epsilon: number;

  /** @throws ValueError if `numGroups` does not divide `numChannels` */
  constructor(
    readonly numGroups: number,
    readonly numChannels: number,
    { epsilon = 1e-5, isAffine = true }: NormOptions = {},
  ) {
    super();
    assertInteger("GroupNorm", "numGroups", numGroups);
    assertNorm("GroupNorm", numChannels, epsilon);
    if (numChannels % numGroups !== 0) {
      throw new ValueError(
        `GroupNorm: ${numChannels} channels do not divide into ${numGroups} groups.`,
      );
    }
    this.epsilon = epsilon;
    this.weight = isAffine ? constantParameter([numChannels], 1) : undefined;
    this.bias = isAffine ? constantParameter([numChannels], 0) : undefined;
  }

  /**
   * @param x `[B, ..., C]`
   * @returns the same shape; the caller owns it
   * @throws ShapeError if the last axis is not `numChannels`, or x is empty or not float32
   */
  forward<T extends tf.Tensor>(x: T): T {
    assertLastAxis("GroupNorm", x, this.numChannels, ["B"]);
    return tf.tidy(() => {
      const pixels = x.reshape([x.shape[0] as number, -1, this.numChannels]); // (B, P, C)
      const ones = this.weight ?? tf.ones([this.numChannels]);
      const offset = this.bias ?? tf.zeros([this.numChannels]);
      const { numGroups, epsilon } = this;
      return groupNorm(pixels, ones, offset, { numGroups, epsilon }).reshape(x.shape) as T;
    });
  }
}

type Grouping = { readonly numGroups: number; readonly epsilon: number };

/** Mean and 1 / √(variance + ε) of each channel's group, both `[B, 1, C]`. */
function groupMoments(pixels: tf.Tensor, { numGroups, epsilon }: Grouping): [tf.Tensor, tf.Tensor] {
  const mean = meanOfGroups(pixels.mean(1), numGroups);
  const variance = meanOfGroups(pixels.sub(mean).square().mean(1), numGroups);
  return [mean, variance.add(epsilon).rsqrt()];
}

/** `[B, C]` → `[B, 1, C]`, each channel replaced by the mean of its group. */
function meanOfGroups(perChannel: tf.Tensor, numGroups: number): tf.Tensor {
  const [batch, channels] = perChannel.shape as [number, number];
  const size = channels / numGroups;
  const means = perChannel.reshape([batch, numGroups, size]).mean(2, true); // (B, G, 1)
  return means.mul(tf.ones([1, 1, size])).reshape([batch, 1, channels]);
}

/**
 * x̂ · weight + bias with x̂ = (x − mean) / √(variance + ε), x `[B, P, C]`, in few passes over the
 * pixels. The gradient is written out for the same reason: with w = weight · dy and means over the
 * group, dx = (w − mean(w) − x̂ · mean(w x̂)) / √(variance + ε). It finds the moments again from x, so
 * that it can be differentiated once more; a compiled graph computes them once.
 */
function groupNorm(
  x: tf.Tensor,
  weight: tf.Tensor,
  bias: tf.Tensor,
  grouping: Grouping,
): tf.Tensor {
  const operation = tf.customGrad((...args) => {
    const [pixels, factor, offset, save] = args as [
      tf.Tensor,
      tf.Tensor,
      tf.Tensor,
      tf.GradSaveFunc,
    ];
    save([pixels, factor]);
    const [mean, inverse] = groupMoments(pixels, grouping);
    const scale = inverse.mul(factor); // (B, 1, C)
    const value = pixels.mul(scale).add(offset.sub(mean.mul(scale)));
    return { value, gradFunc: (dy, saved) => gradients(dy, saved, grouping) };
  });
  return operation(x, weight, bias);
}

/** By x `[B, P, C]`, weight and bias `[C]`. */
function gradients(dy: tf.Tensor, saved: tf.Tensor[], grouping: Grouping): tf.Tensor[] {
  const [pixels, factor] = saved as [tf.Tensor, tf.Tensor];
  const [mean, inverse] = groupMoments(pixels, grouping);
  const sumOfDy = dy.sum(1); // (B, C)
  const sumOfDyX = dy.mul(pixels).sum(1);
  const sumOfDyXHat = sumOfDyX.sub(sumOfDy.mul(mean.squeeze([1]))).mul(inverse.squeeze([1]));
  const share = 1 / (pixels.shape[1] as number);
  const meanOfW = meanOfGroups(sumOfDy.mul(factor).mul(share), grouping.numGroups); // (B, 1, C)
  const meanOfWXHat = meanOfGroups(sumOfDyXHat.mul(factor).mul(share), grouping.numGroups);
  const slope = meanOfWXHat.mul(inverse.square()).neg(); // of x, (B, 1, C)
  const constant = meanOfW.mul(inverse).add(slope.mul(mean)).neg();
  const dx = dy.mul(inverse.mul(factor)).add(pixels.mul(slope)).add(constant);
  return [dx, sumOfDyXHat.sum(0), sumOfDy.sum(0)];
}
