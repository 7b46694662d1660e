import { tf } from "../engine/tf";

/** A function of each number by itself. */
export type Elementwise = (x: tf.Tensor) => tf.Tensor;

/**
 * f with derivative `slope(x)`, which must itself be differentiable: then the result can be
 * differentiated any number of times. Only x is kept for the backward pass.
 */
export function withSlope(f: Elementwise, slope: Elementwise): Elementwise {
  return withPullback(f, (dy, x) => dy.mul(slope(x)));
}

/** The same with dy·slope(x) in one go, where there is a faster way than to find the slope. */
export function withPullback(
  f: Elementwise,
  pullback: (dy: tf.Tensor, x: tf.Tensor) => tf.Tensor,
): Elementwise {
  return tf.customGrad((x, save) => {
    (save as tf.GradSaveFunc)([x as tf.Tensor]);
    const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]): tf.Tensor =>
      pullback(dy, saved[0] as tf.Tensor);
    return { value: f(x as tf.Tensor), gradFunc };
  });
}
