import { strict as assert } from "node:assert";

import { nn, tf } from "latentlab";

import { assertClose } from "../../support/close";
import { assertTwiceDifferentiable } from "../../support/finite-difference";
import { integrate, normalLogPdf } from "../../support/quadrature";

const POINTS = [-6, -2.1, -0.7, -0.2, 0.3, 0.9, 1.9, 6];

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
/** Φ by integrating the density. */
const normalCdf = (x: number): number => integrate((z) => Math.exp(normalLogPdf(z)), [-12, x]);
const tanhCdf = (x: number): number =>
  0.5 * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));

type Pair = readonly [nn.Activation, (x: number) => number];

const CLOSED_FORMS: Readonly<Record<string, Pair>> = {
  relu: [nn.relu, (x) => Math.max(x, 0)],
  leakyRelu: [nn.leakyRelu, (x) => (x > 0 ? x : 0.2 * x)],
  elu: [nn.elu, (x) => (x > 0 ? x : Math.exp(x) - 1)],
  silu: [nn.silu, (x) => x * sigmoid(x)],
  gelu: [nn.gelu, (x) => x * normalCdf(x)],
  geluTanh: [nn.geluTanh, (x) => x * tanhCdf(x)],
  softplus: [nn.softplus, (x) => Math.log(1 + Math.exp(x))],
  logSigmoid: [nn.logSigmoid, (x) => Math.log(sigmoid(x))],
  sigmoid: [nn.sigmoid, sigmoid],
  tanh: [nn.tanh, Math.tanh],
};

function assertValues(f: nn.Activation, closedForm: (x: number) => number): void {
  tf.tidy(() =>
    assertClose(f(tf.tensor1d(POINTS)).dataSync(), POINTS.map(closedForm), { absolute: 1e-5 }),
  );
}

describe("activations", () => {
  for (const [name, [f, closedForm]] of Object.entries(CLOSED_FORMS)) {
    it(`${name}: values`, () => assertValues(f, closedForm));

    it(`${name}: first and second derivative are those of finite differences`, () => {
      tf.tidy(() => assertTwiceDifferentiable(f, tf.tensor1d(POINTS)));
    });

    it(`${name}: finite at ±1e4, and so is its slope`, () => {
      tf.tidy(() => {
        const far = tf.tensor1d([-1e4, 1e4]);
        const slope = tf.grad((x: tf.Tensor) => f(x).sum())(far);
        for (const value of [...f(far).dataSync(), ...slope.dataSync()]) {
          assert.ok(Number.isFinite(value));
        }
      });
    });
  }

  it("the values tell each activation from every other", () => {
    for (const [name, [f]] of Object.entries(CLOSED_FORMS)) {
      for (const [other, [, closedForm]] of Object.entries(CLOSED_FORMS)) {
        if (name === other) continue;
        assert.throws(() => assertValues(f, closedForm), /element/, `${name} passes as ${other}`);
      }
    }
  });

  it("leakyRelu takes its slope", () => {
    tf.tidy(() => assertClose(nn.leakyRelu(tf.tensor1d([-2, 3]), 0.01).dataSync(), [-0.02, 3]));
  });

  it("leakyRelu of a negative slope, and its gradient", () => {
    const f = (x: tf.Tensor): tf.Tensor => nn.leakyRelu(x, -0.5);
    tf.tidy(() => {
      assertClose(f(tf.tensor1d([-2, 3])).dataSync(), [1, 3]);
      assertTwiceDifferentiable(f, tf.tensor1d(POINTS));
    });
  });
});
