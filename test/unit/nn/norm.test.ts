import { strict as assert } from "node:assert";

import { core, nn, Rng, tf } from "latentlab";

import { assertClose } from "../../support/close";
import { assertGradient, assertTwiceDifferentiable } from "../../support/finite-difference";

const SHAPE = [2, 3, 2, 4] as const;
const EPSILON = 1e-3;

/** Far from mean 0, so that a one-pass variance would lose its digits. */
function pictures(): tf.Tensor4D {
  return tf.tidy(() => new Rng(3).normal<tf.Tensor4D>(SHAPE, 50, 2));
}

/** Normalise each set of values that `groupOf(example, channel)` names; `ddof` 1 is unbiased. */
function reference(
  x: ArrayLike<number>,
  groupOf: (example: number, channel: number) => string,
  { ddof = 0, weight = [1, 1, 1, 1], bias = [0, 0, 0, 0] } = {},
): number[] {
  const [, height, width, channels] = SHAPE;
  const example = (i: number): number => Math.floor(i / (height * width * channels));
  const group = (i: number): string => groupOf(example(i), i % channels);
  const sets = new Map<string, number[]>();
  Array.from(x).forEach((value, i) => sets.set(group(i), [...(sets.get(group(i)) ?? []), value]));
  return Array.from(x, (value, i) => {
    const set = sets.get(group(i))!;
    const mean = set.reduce((sum, v) => sum + v, 0) / set.length;
    const squares = set.reduce((sum, v) => sum + (v - mean) ** 2, 0);
    const deviation = Math.sqrt(squares / (set.length - ddof) + EPSILON);
    return ((value - mean) / deviation) * weight[i % channels]! + bias[i % channels]!;
  });
}

const AFFINE = { weight: [1, 2, -1, 0.5], bias: [0, 1, 2, 3] };
const CLOSE = { absolute: 1e-4, relative: 1e-4 };

/** The norm's answer with weights loaded; frees the norm. */
function answer(norm: nn.GroupNorm | nn.BatchNorm | nn.LayerNorm): Float32Array {
  const values = tf.tidy(() => {
    const { weight, bias } = AFFINE;
    const others = norm.stateDict();
    norm.loadStateDict({ ...others, weight: tf.tensor1d(weight), bias: tf.tensor1d(bias) });
    return norm.forward(pictures()).dataSync<"float32">().slice();
  });
  norm.dispose();
  return values;
}

function input(): Float32Array {
  return tf.tidy(() => pictures().dataSync<"float32">().slice());
}

const options = { epsilon: EPSILON };

describe("GroupNorm", () => {
  it("normalises consecutive channels of one example with the biased variance", () => {
    for (const groups of [1, 2, 4]) {
      const got = answer(new nn.GroupNorm(groups, 4, options));
      const groupOf = (b: number, c: number): string => `${b} ${Math.floor((c * groups) / 4)}`;
      assertClose(got, reference(input(), groupOf, AFFINE), CLOSE);
    }
  });

  it("the loop would see interleaved groups, the unbiased variance and shared examples", () => {
    const got = answer(new nn.GroupNorm(2, 4, options));
    const right = (b: number, c: number): string => `${b} ${Math.floor(c / 2)}`;
    for (const wrong of [
      reference(input(), (b, c) => `${b} ${c % 2}`, AFFINE),
      reference(input(), right, { ...AFFINE, ddof: 1 }),
      reference(input(), (_, c) => `${Math.floor(c / 2)}`, AFFINE),
      reference(input(), right),
    ]) {
      assert.throws(() => assertClose(got, wrong, CLOSE), /element/);
    }
  });

  it("gradients of first and second order, for x, weight and bias", () => {
    const norm = new nn.GroupNorm(2, 4, options);
    tf.tidy(() => {
      const x = new Rng(1).normal([1, 2, 2, 4]);
      assertTwiceDifferentiable((at) => norm.forward(at), x);
      const [weight, bias] = [new Rng(2).normal([4]), new Rng(3).normal([4])];
      const loss = (w: tf.Tensor, b: tf.Tensor): tf.Scalar => {
        norm.weight!.assign(w);
        norm.bias!.assign(b);
        return norm.forward(x).square().sum();
      };
      loss(weight, bias);
      const { grads } = tf.variableGrads(
        () => norm.forward(x).square().sum(),
        [norm.weight!, norm.bias!],
      );
      const [y, plain] = [norm.forward(x), new nn.GroupNorm(2, 4, { ...options, isAffine: false })];
      // L = Σ y², y = ŷ w + b: ∂L/∂b = Σ 2y, ∂L/∂w = Σ 2y ŷ
      const bySum = y.mul(2).sum([0, 1, 2]);
      const byProduct = y.mul(2).mul(plain.forward(x)).sum([0, 1, 2]);
      assertClose(grads[norm.bias!.name]!.dataSync(), bySum.dataSync(), CLOSE);
      assertClose(grads[norm.weight!.name]!.dataSync(), byProduct.dataSync(), CLOSE);
    });
    norm.dispose();
  });

  it("refuses groups that do not divide the channels", () => {
    assert.throws(() => new nn.GroupNorm(3, 4), core.ValueError);
  });
});

describe("LayerNorm", () => {
  it("normalises each vector along the last axis", () => {
    const got = answer(new nn.LayerNorm(4, options));
    const x = input();
    const want = Array.from({ length: x.length / 4 }, (_, row) => {
      const vector = x.slice(4 * row, 4 * row + 4);
      const mean = vector.reduce((sum, v) => sum + v, 0) / 4;
      const variance = vector.reduce((sum, v) => sum + (v - mean) ** 2, 0) / 4;
      return Array.from(vector, (v, c) => {
        const normal = (v - mean) / Math.sqrt(variance + EPSILON);
        return normal * AFFINE.weight[c]! + AFFINE.bias[c]!;
      });
    });
    assertClose(got, want.flat(), CLOSE);
  });

  it("gradients of first and second order", () => {
    const norm = new nn.LayerNorm(4, options);
    tf.tidy(() => assertTwiceDifferentiable((at) => norm.forward(at), new Rng(1).normal([2, 4])));
    norm.dispose();
  });
});

describe("BatchNorm", () => {
  const perChannel = (_: number, channel: number): string => `${channel}`;

  it("normalises over batch and pixels while training, with the biased variance", () => {
    const got = answer(new nn.BatchNorm(4, options));
    assertClose(got, reference(input(), perChannel, AFFINE), CLOSE);
    const unbiased = reference(input(), perChannel, { ...AFFINE, ddof: 1 });
    assert.throws(() => assertClose(got, unbiased, CLOSE), /element/);
  });

  it("takes 10% of the batch's mean and unbiased variance, and evaluates by what it took", () => {
    const norm = new nn.BatchNorm(1, options);
    tf.tidy(() => {
      const x = tf.tensor2d([1, 3, 5, 11], [4, 1]); // mean 5, Σ (x − 5)² = 56
      norm.forward(x);
      assertClose(norm.runningMean.dataSync(), [0.5]);
      assertClose(norm.runningVariance.dataSync(), [0.9 + 0.1 * (56 / 3)]);
      norm.forward(x);
      assertClose(norm.runningMean.dataSync(), [0.95]);
      norm.setTraining(false);
      const variance = norm.runningVariance.dataSync()[0]!;
      const want = [(7 - 0.95) / Math.sqrt(variance + EPSILON)];
      assertClose(norm.forward(tf.tensor2d([[7]])).dataSync(), want);
      assertClose(norm.runningMean.dataSync(), [0.95]); // evaluation takes nothing in
    });
    norm.dispose();
  });

  it("keeps its running moments out of the parameters, inside the state", () => {
    const norm = new nn.BatchNorm(4);
    assert.deepEqual([...norm.namedParameters().keys()], ["weight", "bias"]);
    assert.deepEqual(Object.keys(norm.stateDict()).length, 4);
    norm.dispose();
  });

  it("gradients pass through the batch's moments, to second order", () => {
    const norm = new nn.BatchNorm(2, options);
    tf.tidy(() => {
      const x = new Rng(1).normal([4, 2]);
      assertGradient((at) => norm.forward(at).pow(3).sum(), x);
      assertTwiceDifferentiable((at) => norm.forward(at), x);
    });
    norm.dispose();
  });

  it("the fused gradient is that of the formula, by x, weight and bias", () => {
    const norm = new nn.BatchNorm(3, options);
    tf.tidy(() => {
      const x = tf.variable(new Rng(1).normal([2, 4, 4, 3], 5, 2));
      norm.weight!.assign(tf.tensor1d([1, -2, 0.5]));
      const gradients = (): number[][] => {
        const { grads } = tf.variableGrads(() => norm.forward(x).pow(3).sum());
        return [x, norm.weight!, norm.bias!].map(({ name }) => [...grads[name]!.dataSync()]);
      };
      let formula: number[][] = [];
      tf.grad((s: tf.Tensor) => {
        formula = gradients(); // inside another gradient: not the fused op
        return s.square();
      })(tf.scalar(1));
      gradients().forEach((fused, i) => assertClose(fused, formula[i]!, CLOSE));
      x.dispose();
    });
    norm.dispose();
  });

  it("refuses to train on one value per channel", () => {
    const norm = new nn.BatchNorm(2);
    tf.tidy(() => {
      assert.throws(() => norm.forward(tf.zeros([1, 2])), core.ShapeError);
      norm.setTraining(false).forward(tf.zeros([1, 2]));
    });
    norm.dispose();
  });
});
