import { type Attr, nativeOp, nativeOps, scalarAttr, typeAttr } from "../engine/native-op";
import { isTaped } from "../engine/tape";
import { tf } from "../engine/tf";

/**
 * The mean of x² over `axes`, which are kept: read in one go, where square and mean write x² between
 * them. The caller owns it.
 */
export function meanSquare(x: tf.Tensor, axes: readonly number[]): tf.Tensor {
  const count = axes.reduce((product, axis) => product * (x.shape.at(axis) as number), 1);
  const attrs = [
    typeAttr("T", "float32"),
    typeAttr("Tidx", "int32"),
    scalarAttr("keep_dims", "BOOL", true),
  ];
  const operation = tf.customGrad((input, save) => {
    (save as tf.GradSaveFunc)([input as tf.Tensor]);
    const length = nativeOp("EuclideanNorm", attrs, [
      input as tf.Tensor,
      tf.tensor1d([...axes], "int32"),
    ]);
    const gradFunc = (dy: tf.Tensor, [saved]: tf.Tensor[]): tf.Tensor =>
      (saved as tf.Tensor).mul(dy.mul(2 / count));
    return { value: length.square().div(count), gradFunc };
  });
  return operation(x);
}

type Parts = { readonly value: tf.Tensor; readonly inverse: tf.Tensor };

/** x̂ = (x − mean) / √(variance + ε) over `axes`, and 1 / √(variance + ε). */
function partsOf(x: tf.Tensor, axes: number[], epsilon: number): Parts {
  const centred = x.sub(x.mean(axes, true));
  const inverse = meanSquare(centred, axes).add(epsilon).rsqrt();
  return { value: centred.mul(inverse), inverse };
}

/** By x, of what becomes x̂ and has the gradient dy: (dy − mean(dy) − x̂ mean(dy x̂)) · inverse. */
function pullback(dy: tf.Tensor, { value, inverse }: Parts, axes: number[]): tf.Tensor {
  const along = value.mul(dy.mul(value).mean(axes, true));
  return dy.sub(along).sub(dy.mean(axes, true)).mul(inverse);
}

/**
 * x̂ over the last axis. The gradient is written out to save passes. It finds the moments again from
 * x, so that it can be differentiated once more; a compiled graph computes them once.
 */
export function normaliseLast(x: tf.Tensor, epsilon: number): tf.Tensor {
  const operation = tf.customGrad((input, save) => {
    (save as tf.GradSaveFunc)([input as tf.Tensor]);
    const gradFunc = (dy: tf.Tensor, [saved]: tf.Tensor[]): tf.Tensor =>
      pullback(dy, partsOf(saved as tf.Tensor, [-1], epsilon), [-1]);
    return { value: partsOf(input as tf.Tensor, [-1], epsilon).value, gradFunc };
  });
  return operation(x);
}

/** x̂ · weight + bias, and the moments of each channel, `[C]`. */
export type Normalised = {
  readonly value: tf.Tensor;
  readonly mean: tf.Tensor;
  /** Unbiased: over N − 1. */
  readonly variance: tf.Tensor;
};

/**
 * x̂ · weight + bias over all axes but the last, by TensorFlow's fused op. Its gradient is another
 * fused op; one that may be differentiated again is computed by the formula.
 *
 * @param x `[..., C]`
 * @param affine weight and bias, `[C]`
 */
export function normaliseChannels(
  x: tf.Tensor,
  affine: readonly [weight: tf.Tensor, bias: tf.Tensor],
  epsilon: number,
): Normalised {
  const pixels = x.rank === 4 ? x : x.reshape([-1, 1, 1, x.shape.at(-1) as number]);
  const none = tf.tensor1d([], "float32");
  const inputs = [pixels, ...affine, none, none];
  const outputs = nativeOps("FusedBatchNormV3", fusedAttrs(epsilon), inputs, 6);
  const [value, mean, variance, ...reserved] = outputs as [...Triple, ...tf.Tensor[]];
  const operation = tf.customGrad((...args) => {
    const [input, weight, , save] = args as [...Triple, tf.GradSaveFunc];
    save([input, weight, ...reserved]);
    const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]): tf.Tensor[] =>
      isTaped() ? gradients(dy, saved, epsilon) : fusedGradients(dy, saved, epsilon);
    return { value, gradFunc };
  });
  return { value: operation(pixels, ...affine).reshape(x.shape), mean, variance };
}

type Triple = [tf.Tensor, tf.Tensor, tf.Tensor];

/** By x `[B, H, W, C]`, weight and bias `[C]`. */
function gradients(dy: tf.Tensor, saved: tf.Tensor[], epsilon: number): tf.Tensor[] {
  const [x, weight] = saved as [tf.Tensor, tf.Tensor];
  const axes = [0, 1, 2];
  const parts = partsOf(x, axes, epsilon);
  const dx = pullback(dy.mul(weight), parts, axes);
  return [dx, dy.mul(parts.value).sum(axes), dy.sum(axes)];
}

function fusedGradients(dy: tf.Tensor, saved: tf.Tensor[], epsilon: number): tf.Tensor[] {
  const inputs = [dy, ...saved];
  return nativeOps("FusedBatchNormGradV3", fusedAttrs(epsilon), inputs, 5).slice(0, 3);
}

function fusedAttrs(epsilon: number): Attr[] {
  return [
    typeAttr("T", "float32"),
    typeAttr("U", "float32"),
    scalarAttr("epsilon", "FLOAT", epsilon),
    scalarAttr("is_training", "BOOL", true),
  ];
}
