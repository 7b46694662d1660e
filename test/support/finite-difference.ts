import { tf } from "latentlab";

import { assertClose, type Tolerance } from "./close";

type Scalar = (x: tf.Tensor) => tf.Tensor;

/** For float32: rounding is about 1e-5 of the value at this step, truncation less. */
const STEP = 0.05;
const FLOAT32: Tolerance = { absolute: 1e-3, relative: 1e-3 };

/** Fourth-order central differences of f, one coordinate after another. */
export function finiteDifferences(f: Scalar, x: tf.Tensor): number[] {
  const point = x.dataSync<"float32">().slice();
  const at = (i: number, offset: number): number =>
    tf.tidy(() => {
      const moved = Float32Array.from(point);
      moved[i] = (point[i] as number) + offset;
      return f(tf.tensor(moved, x.shape)).dataSync()[0] as number;
    });
  return Array.from(point, (_, i) => {
    const near = at(i, STEP) - at(i, -STEP);
    const far = at(i, 2 * STEP) - at(i, -2 * STEP);
    return (8 * near - far) / (12 * STEP);
  });
}

/** The gradient of the scalar f at x must be that of finite differences. */
export function assertGradient(f: Scalar, x: tf.Tensor, tolerance = FLOAT32): void {
  tf.tidy(() => {
    assertClose(tf.grad(f)(x).dataSync(), finiteDifferences(f, x), tolerance);
  });
}

/**
 * First and second derivatives of `f`, of any shape, at x: by a weighted sum of its values, and by
 * a weighted sum of that one's gradient. The weights are fixed and uneven, so that no error hides.
 */
export function assertTwiceDifferentiable(f: Scalar, x: tf.Tensor): void {
  tf.tidy(() => {
    const loss: Scalar = (at) => weightedSum(f(at));
    const slope: Scalar = (at) => weightedSum(tf.grad(loss)(at));
    assertGradient(loss, x);
    assertGradient(slope, x);
  });
}

function weightedSum(values: tf.Tensor): tf.Tensor {
  const weights = Array.from({ length: values.size }, (_, i) => Math.sin(1.7 * i + 0.6));
  return values.mul(tf.tensor(weights, values.shape)).sum();
}
