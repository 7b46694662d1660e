import { strict as assert } from "node:assert";

import { nn, Rng, tf } from "latentlab";

import { assertClose } from "../../support/close";
import { assertTwiceDifferentiable, finiteDifferences } from "../../support/finite-difference";

// The gradient of GroupNorm is written by hand: here it meets the definition, composed of
// operations whose gradients are tfjs's own, and finite differences.

const [CHANNELS, EPSILON] = [4, 1e-2];
const CLOSE = { absolute: 1e-3, relative: 1e-3 };

type Norm = (x: tf.Tensor, weight: tf.Tensor, bias: tf.Tensor) => tf.Tensor;
type Point = { readonly x: tf.Tensor; readonly weight: tf.Tensor; readonly bias: tf.Tensor };

function point(): Point {
  const rng = new Rng(4);
  const x = rng.normal([2, 3, 2, CHANNELS], 0.5, 1.2);
  return { x, weight: rng.normal([CHANNELS], 1, 0.5), bias: rng.normal([CHANNELS]) };
}

/** The layer as a function of its weights, which may then be differentiated by. */
function layer(numGroups: number): Norm {
  return (x, weight, bias) => {
    const norm = new nn.GroupNorm(numGroups, CHANNELS, { epsilon: EPSILON });
    norm.dispose();
    return Object.assign(norm, { weight, bias }).forward(x);
  };
}

/** The definition: mean and biased variance of every group of one example. */
function definition(
  numGroups: number,
  detached: { mean?: boolean; variance?: boolean } = {},
): Norm {
  return (x, weight, bias) => {
    const groups = x.reshape([2, 6, numGroups, CHANNELS / numGroups]); // (B, P, G, C/G)
    const mean = constantIf(detached.mean, groups.mean([1, 3], true));
    const centred = groups.sub(mean);
    const variance = constantIf(detached.variance, centred.square().mean([1, 3], true));
    return centred.div(variance.add(EPSILON).sqrt()).reshape(x.shape).mul(weight).add(bias);
  };
}

/** The same value; its gradient is 0 if it is to be a constant. */
function constantIf(isConstant: boolean | undefined, x: tf.Tensor): tf.Tensor {
  if (isConstant !== true) return x;
  return tf.customGrad((value) => ({
    value: (value as tf.Tensor).clone(),
    gradFunc: (dy: tf.Tensor) => dy.zerosLike(),
  }))(x);
}

/** A loss that is not linear in what the norm gives, so that dy differs from place to place. */
function loss(norm: Norm): Norm {
  return (...at) =>
    norm(...at)
      .add(0.3)
      .pow(3)
      .mul(weights(at[0].shape))
      .sum();
}

function weights(shape: number[]): tf.Tensor {
  return tf
    .range(
      0,
      shape.reduce((a, b) => a * b),
    )
    .mul(1.7)
    .add(0.6)
    .sin()
    .reshape(shape);
}

/** |∂loss/∂x|², as in WGAN-GP and R1. */
function penalty(norm: Norm): Norm {
  return (x, weight, bias) =>
    tf
      .grad((at: tf.Tensor) => loss(norm)(at, weight, bias))(x)
      .square()
      .mean();
}

/** By x, weight and bias. */
function gradients(f: Norm, { x, weight, bias }: Point): Float32Array[] {
  const all = [x, weight, bias].map((start) => tf.variable(start));
  const { grads } = tf.variableGrads(
    () => f(...(all as [tf.Variable, tf.Variable, tf.Variable])) as tf.Scalar,
    all,
  );
  const values = all.map(({ name }) => grads[name]!.dataSync<"float32">().slice());
  tf.dispose(all);
  return values;
}

/** By x, weight and bias, moving one of them at a time. */
function differences(f: Norm, { x, weight, bias }: Point): number[][] {
  return [
    finiteDifferences((at) => f(at, weight, bias), x),
    finiteDifferences((at) => f(x, at, bias), weight),
    finiteDifferences((at) => f(x, weight, at), bias),
  ];
}

describe("GroupNorm's own gradient", () => {
  for (const numGroups of [1, 2, 4]) {
    for (const [order, of] of [
      ["first", loss],
      ["second, inside a gradient penalty", penalty],
    ] as const) {
      it(`${numGroups} groups, ${order}: is that of the definition and of differences`, () => {
        tf.tidy(() => {
          const at = point();
          const got = gradients(of(layer(numGroups)), at);
          const want = gradients(of(definition(numGroups)), at);
          const near = differences(of(layer(numGroups)), at);
          got.forEach((values, i) => {
            const scale = Math.max(...values.map(Math.abs), 1);
            assertClose(values, want[i]!, CLOSE);
            assertClose(values, near[i]!, { absolute: 1e-3 * scale, relative: 1e-3 });
          });
        });
      });

      it(`${numGroups} groups, ${order}: a mean or variance held constant is found out`, () => {
        tf.tidy(() => {
          const at = point();
          const [got] = gradients(of(layer(numGroups)), at) as [Float32Array];
          for (const detached of [{ mean: true }, { variance: true }]) {
            const [wrong] = gradients(of(definition(numGroups, detached)), at) as [Float32Array];
            assert.throws(() => assertClose(got, wrong, CLOSE), /element/);
          }
        });
      });
    }

    it(`${numGroups} groups: uneven sums of values and slopes agree with differences`, () => {
      tf.tidy(() => {
        const { weight, bias } = point();
        const x = new Rng(5).normal([1, 2, 2, CHANNELS]);
        assertTwiceDifferentiable((at) => layer(numGroups)(at, weight, bias), x);
      });
    });
  }

  it("is right far from mean 0, where x² would lose its digits", () => {
    tf.tidy(() => {
      const at = point();
      const far = { ...at, x: at.x.add(1000) };
      const got = gradients(loss(layer(2)), far);
      const want = gradients(loss(definition(2)), far);
      got.forEach((values, i) => {
        const scale = Math.max(...want[i]!.map(Math.abs));
        assertClose(values, want[i]!, { absolute: 2e-3 * scale });
      });
    });
  });
});
