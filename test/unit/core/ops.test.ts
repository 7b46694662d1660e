import { strict as assert } from "node:assert";

import { core, tf } from "latentlab";

import { assertClose } from "../../support/close";
import { assertTwiceDifferentiable } from "../../support/finite-difference";
import { integrate } from "../../support/quadrature";

const POINTS = [-2.1, -0.7, 0.1, 0.4, 1.9];

function values(f: (x: tf.Tensor) => tf.Tensor, x: readonly number[]): Float32Array {
  return tf.tidy(() =>
    f(tf.tensor1d([...x]))
      .dataSync<"float32">()
      .slice(),
  );
}

describe("core ops", () => {
  const expected: Readonly<Record<string, [(x: tf.Tensor) => tf.Tensor, (x: number) => number]>> = {
    exp: [core.exp, Math.exp],
    sigmoid: [core.sigmoid, (x) => 1 / (1 + Math.exp(-x))],
    tanh: [core.tanh, Math.tanh],
  };
  for (const [name, [op, closedForm]] of Object.entries(expected)) {
    it(`${name}: values`, () => assertClose(values(op, POINTS), POINTS.map(closedForm)));
  }

  it("softmax, log softmax and log-sum-exp: values, also of huge logits", () => {
    const total = POINTS.reduce((sum, x) => sum + Math.exp(x), 0);
    assertClose(values(core.logSumExp, POINTS), [Math.log(total)]);
    for (const shift of [0, 1000, -1000]) {
      const shifted = POINTS.map((x) => x + shift);
      const loose = { absolute: 1e-4, relative: 1e-4 }; // float32 logits near 1000
      const probabilities = POINTS.map((x) => Math.exp(x) / total);
      assertClose(values(core.softmax, shifted), probabilities, loose);
      assertClose(values(core.logSoftmax, shifted), probabilities.map(Math.log), loose);
      assertClose(values(core.logSumExp, shifted), [Math.log(total) + shift], loose);
    }
  });

  for (const [name, op] of Object.entries({
    exp: core.exp,
    erfc: core.erfc,
    sigmoid: core.sigmoid,
    tanh: core.tanh,
    softmax: core.softmax,
    logSoftmax: core.logSoftmax,
    logSumExp: core.logSumExp,
  })) {
    it(`${name}: first and second derivative are those of finite differences`, () => {
      tf.tidy(() => {
        const x = tf.tensor2d(POINTS.concat(0.3), [2, 3]);
        assertTwiceDifferentiable((at) => op(at).mul(op(at)), x);
      });
    });
  }

  it("erfc keeps its digits in the tail", () => {
    // ∫_x^∞ 2/√π e^{−u²} du
    const tail = (x: number): number =>
      integrate((u) => (2 / Math.sqrt(Math.PI)) * Math.exp(-u * u), [x, x + 8]);
    const points = [-1, 0, 0.5, 2, 5];
    assertClose(values(core.erfc, points), points.map(tail), { absolute: 0, relative: 1e-4 });
  });

  it("stopGradient is a constant to the derivative", () => {
    tf.tidy(() => {
      const slope = tf.grad((x: tf.Tensor) => x.mul(core.stopGradient(x)));
      assertClose(slope(tf.tensor1d([3])).dataSync(), [3]);
    });
  });

  // Why these ops exist. Should tfjs mend its own, this test says that they can go.
  it("tfjs's own sigmoid silently loses a term of the second derivative of x σ(x)", () => {
    tf.tidy(() => {
      const x = tf.tensor1d(POINTS);
      assert.throws(() => assertTwiceDifferentiable((at) => at.mul(tf.sigmoid(at)), x), /element/);
      assertTwiceDifferentiable((at) => at.mul(core.sigmoid(at)), x);
    });
  });
});
