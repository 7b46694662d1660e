import { sigmoidGradient } from "../engine/gradients";
import { nativeOp, scalarAttr, typeAttr } from "../engine/native-op";
import { tf } from "../engine/tf";
import { withPullback, withSlope } from "./elementwise";
import { assertDtype, assertLastAxis, assertShape } from "./guard";

// tfjs saves the *output* of exp, sigmoid, tanh and softmax for the backward pass, cut off from
// the tape. A second derivative through them is then an error, or silently misses a term
// where another path leads to the input, as in x·σ(x). The ones below save the input, and can
// be differentiated any number of times: gradient penalties and score matching need that.

const expOp = withSlope(tf.exp, (x) => exp(x));
const sigmoidOp = withPullback(tf.sigmoid, (dy, x) => sigmoidGradient(dy, sigmoid(x)));
const tanhOp = withSlope(tf.tanh, (x) => tf.sub(1, tanh(x).square()));

const erfcOp = withSlope(
  (x) => nativeOp("Erfc", [typeAttr("T", "float32")], [x]),
  (x) => exp(x.square().neg()).mul(-2 / Math.sqrt(Math.PI)),
);
const stopGradientOp = withSlope(
  (x) => x.clone(),
  (x) => tf.zerosLike(x),
);

/** e^x, of any shape. */
export function exp<T extends tf.Tensor>(x: T): T {
  assertDtype("exp", "x", x, "float32");
  return expOp(x) as T;
}

/** 1 / (1 + e^−x), of any shape. */
export function sigmoid<T extends tf.Tensor>(x: T): T {
  assertDtype("sigmoid", "x", x, "float32");
  return sigmoidOp(x) as T;
}

/** Hyperbolic tangent, of any shape. */
export function tanh<T extends tf.Tensor>(x: T): T {
  assertDtype("tanh", "x", x, "float32");
  return tanhOp(x) as T;
}

/** 1 − erf(x), of any shape: unlike that difference, it keeps its digits where it is small. */
export function erfc<T extends tf.Tensor>(x: T): T {
  assertDtype("erfc", "x", x, "float32");
  return erfcOp(x) as T;
}

/** x itself, through which no gradient passes: to the derivative it is a constant. */
export function stopGradient<T extends tf.Tensor>(x: T): T {
  assertDtype("stopGradient", "x", x, "float32");
  return stopGradientOp(x) as T;
}

const softmaxOp = tf.customGrad((x, save) => {
  const logits = x as tf.Tensor;
  (save as tf.GradSaveFunc)([logits]);
  const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]): tf.Tensor => {
    const y = softmax(saved[0] as tf.Tensor);
    const weighted = dy.mul(y);
    return weighted.sub(weighted.sum(-1, true).mul(y));
  };
  return { value: tf.softmax(logits), gradFunc };
});

/** e^x_i / Σ_j e^x_j over the last axis. */
export function softmax<T extends tf.Tensor>(logits: T): T {
  assertLastAxis("softmax", logits, "n");
  return softmaxOp(logits) as T;
}

/** log Σ_j e^x_j over the last axis, `[..., n]` → `[...]`; finite for logits of any size. */
export function logSumExp(logits: tf.Tensor): tf.Tensor {
  assertLastAxis("logSumExp", logits, "n");
  return logSumExpOp(logits);
}

const logSumExpOp = tf.customGrad((x, save) => {
  const logits = x as tf.Tensor;
  (save as tf.GradSaveFunc)([logits]);
  const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]): tf.Tensor =>
    dy.expandDims(-1).mul(softmax(saved[0] as tf.Tensor));
  return { value: tf.logSumExp(logits, -1), gradFunc };
});

/** log softmax over the last axis, of the same shape. */
export function logSoftmax<T extends tf.Tensor>(logits: T): T {
  assertLastAxis("logSoftmax", logits, "n");
  return tf.tidy(() => logits.sub(logSumExp(logits).expandDims(-1)) as T);
}

/**
 * Rows of a table. Unlike `tf.gather` it never reads the indices back, so that it can be compiled.
 *
 * @param table `[N, ...]`, float32
 * @param indices `[B]`, int32, 0…N−1
 * @returns `[B, ...]`; the caller owns it
 * @throws an error of TensorFlow on a CPU if an index is out of range; on a GPU such rows are zero
 */
export function gatherRows(table: tf.Tensor, indices: tf.Tensor1D): tf.Tensor {
  assertDtype("gatherRows", "table", table, "float32");
  assertShape("gatherRows", "table", table, ["N", ...table.shape.slice(1)]);
  assertShape("gatherRows", "indices", indices, ["B"]);
  assertDtype("gatherRows", "indices", indices, "int32");
  const gather = tf.customGrad((rows, save) => {
    (save as tf.GradSaveFunc)([indices]);
    const value = nativeOp(
      "GatherV2",
      [
        scalarAttr("batch_dims", "INT", 0),
        typeAttr("Tparams", "float32"),
        typeAttr("Tindices", "int32"),
        typeAttr("Taxis", "int32"),
      ],
      [rows as tf.Tensor, indices, tf.scalar(0, "int32")],
    );
    const gradFunc = (dy: tf.Tensor, [rowOf]: tf.Tensor[]): tf.Tensor =>
      tf.unsortedSegmentSum(dy, rowOf as tf.Tensor1D, table.shape[0] as number);
    return { value, gradFunc };
  });
  return tf.tidy(() => gather(table));
}
