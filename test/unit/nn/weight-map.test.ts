import { strict as assert } from "node:assert";

import { SingularValueDecomposition } from "ml-matrix";
import { compile, nn, Rng, tf } from "latentlab";

import { assertClose } from "../../support/close";

/** The largest singular value, by another algorithm. */
function largestSingularValue(weight: tf.Tensor): number {
  const matrix = weight.reshape<tf.Tensor2D>([-1, weight.shape.at(-1)!]).arraySync();
  return new SingularValueDecomposition(matrix, { autoTranspose: true }).norm2;
}

describe("spectral norm", () => {
  for (const shape of [
    [5, 3],
    [3, 3, 2, 4],
  ]) {
    it(`SNGAN.8 [${shape}]: after some forwards, W over its largest singular value (SVD)`, () => {
      const norm = new nn.SpectralNorm(shape, new Rng(1));
      tf.tidy(() => {
        const weight = new Rng(2).normal(shape);
        const want = weight.div(largestSingularValue(weight));
        for (let i = 0; i < 60; i++) norm.forward(weight);
        assertClose(norm.forward(weight).dataSync(), want.dataSync(), { absolute: 1e-5 });
      });
      norm.dispose();
    });
  }

  it("SNGAN.8 one round of the power iteration, by loops; evaluation changes nothing", () => {
    const norm = new nn.SpectralNorm([2, 2], new Rng(1));
    const W = [
      [2, 1],
      [-1, 3],
    ];
    tf.tidy(() => {
      norm.u.assign(tf.tensor1d([0.6, 0.8]));
      const weight = tf.tensor2d(W);
      const unit = (x: number[]): number[] => x.map((value) => value / Math.hypot(...x));
      const v = unit(W.map((row) => row[0]! * 0.6 + row[1]! * 0.8));
      const product = [0, 1].map((k) => W[0]![k]! * v[0]! + W[1]![k]! * v[1]!); // Wᵀ v
      const u = unit(product);
      const sigma = product[0]! * u[0]! + product[1]! * u[1]!;
      const want = W.flat().map((w) => w / sigma);
      assertClose(norm.forward(weight).dataSync(), want);
      assertClose(norm.u.dataSync(), u);
      norm.setTraining(false);
      norm.forward(weight);
      assertClose(norm.u.dataSync(), u, { absolute: 0 });
    });
    norm.dispose();
  });

  it("SNGAN.8 the gradient holds u and v fixed", () => {
    const norm = new nn.SpectralNorm([3, 2], new Rng(1)).setTraining(false);
    tf.tidy(() => {
      const weight = new Rng(2).normal<tf.Tensor2D>([3, 2]);
      const u = norm.u.reshape<tf.Tensor2D>([2, 1]);
      const v = weight.matMul(u).div(weight.matMul(u).norm()); // as it is at this weight
      const picked = tf.tensor2d([
        [1, 2],
        [-1, 0.5],
        [3, -2],
      ]);
      const fixed = (w: tf.Tensor): tf.Tensor =>
        w.div(v.transpose().matMul(w).matMul(u).reshape([])).mul(picked).sum();
      const want = tf.grad(fixed)(weight).dataSync();
      const got = tf.grad((w: tf.Tensor) => norm.forward(w).mul(picked).sum())(weight);
      assertClose(got.dataSync(), want, { absolute: 1e-5 });
    });
    norm.dispose();
  });

  it("goes on in a compiled function as op by op, in dense and convolutional layers", () => {
    const make = (): nn.Sequential =>
      new nn.Sequential([
        new nn.Conv2d(2, 3, new Rng(1), { weightMap: nn.spectralNorm() }) as never,
        new nn.Dense(3, 2, new Rng(2), { weightMap: nn.spectralNorm({ iterations: 2 }) }),
      ]);
    const [eager, compiled] = [make(), make()];
    const graph = compile((x: tf.Tensor) => compiled.forward(x));
    tf.tidy(() => {
      const x = new Rng(3).normal([1, 4, 4, 2]);
      for (let i = 0; i < 3; i++) {
        assertClose(graph(x).dataSync(), eager.forward(x).dataSync(), { absolute: 1e-5 });
      }
    });
    const values = (module: nn.Module): number[] =>
      Object.values(module.stateDict()).flatMap((tensor) => [...tensor.dataSync()]);
    assertClose(values(compiled), values(eager), { absolute: 1e-5 });
    [graph, eager, compiled].forEach((owner) => owner.dispose());
  });
});

describe("equalised learning rate", () => {
  it("stores N(0, 1) and uses it times √(gain / fanIn), in dense and convolutional layers", () => {
    const dense = new nn.Dense(50, 40, new Rng(1), nn.equalized());
    const conv = new nn.Conv2d(4, 5, new Rng(1), { ...nn.equalized(1), useBias: false });
    tf.tidy(() => {
      const { mean, variance } = tf.moments(dense.weight);
      assert.ok(Math.abs(mean.dataSync()[0]!) < 5 / Math.sqrt(2000));
      assert.ok(Math.abs(variance.dataSync()[0]! - 1) < 5 * Math.sqrt(2 / 2000));
      const x = new Rng(2).normal<tf.Tensor2D>([3, 50]);
      const want = x.matMul(dense.weight.mul(Math.sqrt(2 / 50)) as tf.Tensor2D);
      assertClose(dense.forward(x).dataSync(), want.dataSync(), { absolute: 1e-5 });
      const picture = new Rng(3).normal<tf.Tensor4D>([1, 4, 4, 4]);
      const scaled = conv.weight.mul(Math.sqrt(1 / 36)) as tf.Tensor4D;
      const convolved = tf.conv2d(picture, scaled, 1, "same");
      assertClose(conv.forward(picture).dataSync(), convolved.dataSync(), { absolute: 1e-5 });
    });
    [dense, conv].forEach((layer) => layer.dispose());
  });
});

describe("minibatch standard deviation", () => {
  it("appends each group's mean deviation, by loops; groups are strided", () => {
    const x = [
      [
        [1, 2],
        [3, 4],
      ],
      [
        [5, -1],
        [0, 2],
      ],
      [
        [2, 2],
        [3, 8],
      ],
      [
        [4, 0],
        [-6, 1],
      ],
    ];
    const flat = x.map((example) => example.flat());
    const deviation = (group: number): number => {
      const members = [flat[group]!, flat[group + 2]!];
      const deviations = members[0]!.map((_, k) => Math.abs(members[0]![k]! - members[1]![k]!) / 2);
      return deviations.reduce((sum, d) => sum + d, 0) / deviations.length;
    };
    tf.tidy(() => {
      const got = nn.minibatchStandardDeviation(tf.tensor3d(x), { groupSize: 2 });
      const want = x.flatMap((example, b) => example.flatMap((row) => [...row, deviation(b % 2)]));
      assert.deepEqual(got.shape, [4, 2, 3]);
      assertClose(got.dataSync(), want, { absolute: 1e-4 });
    });
  });

  it("pixel norm gives every vector a root mean square of 1", () => {
    tf.tidy(() => {
      const x = tf.tensor2d([
        [3, 4],
        [0.5, -0.5],
      ]);
      const rms = Math.sqrt(12.5);
      assertClose(nn.pixelNorm(x).dataSync(), [3 / rms, 4 / rms, 1, -1], { absolute: 1e-5 });
    });
  });
});

describe("Gru", () => {
  const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

  for (const isReversed of [false, true]) {
    it(`${isReversed ? "backwards" : "forwards"}: state by state as loops; padding is stepped over`, () => {
      const gru = new nn.Gru(2, 2, new Rng(1), { isReversed });
      tf.tidy(() => {
        for (const variable of gru.parameters()) {
          variable.assign(new Rng(variable.size).normal(variable.shape));
        }
        const x = [
          [
            [1, -0.5],
            [0.25, 2],
            [-1, 0.75],
          ],
          [
            [0.5, 0.5],
            [1, -1],
            [9, 9],
          ],
        ];
        const mask = [
          [1, 1, 1],
          [1, 1, 0],
        ];
        const weights = gru.stateDict();
        const table = (name: string): number[][] =>
          weights[name]!.reshape<tf.Tensor2D>([-1, 6]).arraySync();
        const affine = (layer: string, values: readonly number[]): number[] =>
          table(`${layer}.bias`)[0]!.map((bias, j) =>
            values.reduce((sum, value, i) => sum + value * table(`${layer}.weight`)[i]![j]!, bias),
          );
        const next = (input: readonly number[], h: readonly number[]): number[] => {
          const [a, b] = [affine("input", input), affine("state", h)];
          return [0, 1].map((k) => {
            const reset = sigmoid(a[k]! + b[k]!);
            const update = sigmoid(a[2 + k]! + b[2 + k]!);
            const candidate = Math.tanh(a[4 + k]! + reset * b[4 + k]!);
            return (1 - update) * candidate + update * h[k]!;
          });
        };
        const want = x.map((sequence, b) => {
          const order = isReversed ? [2, 1, 0] : [0, 1, 2];
          const states: number[][] = [];
          let h = [0, 0];
          for (const t of order) {
            if (mask[b]![t] === 1) h = next(sequence[t]!, h);
            states[t] = h;
          }
          return states;
        });
        const got = gru.forward(tf.tensor3d(x), tf.tensor2d(mask));
        assertClose(got.dataSync(), want.flat(2), { absolute: 1e-5 });
      });
      gru.dispose();
    });
  }
});
