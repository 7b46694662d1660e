import { strict as assert } from "node:assert";

import { metrics, Rng, tf } from "latentlab";

import { assertClose } from "../../support/close";

function withRows<T>(
  [a, b]: readonly [number[][], number[][]],
  measure: (a: tf.Tensor2D, b: tf.Tensor2D) => T,
): T {
  const [first, second] = [tf.tensor2d(a), tf.tensor2d(b)];
  try {
    return measure(first, second);
  } finally {
    tf.dispose([first, second]);
  }
}

describe("distances between samples", () => {
  // In one dimension: 2·E|X−Y| − E|X−X′| − E|Y−Y′| over {0, 1} and {3}.
  it("energy distance is that of pairs counted by hand", () => {
    const distance = withRows([[[0], [1]], [[3]]], metrics.energyDistance);
    assertClose([distance], [2 * 2.5 - 0.5 - 0], { absolute: 1e-12 });
  });

  it("energy distance of N(0, 1) and N(μ, 1) is 2E|N(μ, 2)| − 2E|N(0, 2)|", () => {
    const [n, mean] = [3000, 1.5];
    const distance = tf.tidy(() => {
      const rng = new Rng(7);
      const [a, b] = [rng.normal([n, 1]), rng.normal([n, 1]).add(mean)] as tf.Tensor2D[];
      return metrics.energyDistance(a as tf.Tensor2D, b as tf.Tensor2D);
    });
    // E|N(μ, 2)| = 2 φ(μ/√2)·√2 + μ (2Φ(μ/√2) − 1), with Φ(1.0606602) = 0.8555778.
    const density = Math.exp(-((mean / Math.SQRT2) ** 2) / 2) / Math.sqrt(2 * Math.PI);
    const apart = 2 * Math.SQRT2 * density + mean * (2 * 0.8555778 - 1);
    const want = 2 * apart - 2 * (2 / Math.sqrt(Math.PI));
    assert.ok(Math.abs(distance - want) < 0.06, `${distance} instead of ${want}`);
  });

  it("kernel distance without bias is 0 on average for one distribution, biased above it", () => {
    const rng = new Rng(11);
    const [unbiased, biased] = [false, true].map((isBiased) =>
      Array.from({ length: 60 }, () =>
        tf.tidy(() => {
          const [a, b] = [rng.normal([20, 2]), rng.normal([20, 2])] as tf.Tensor2D[];
          return metrics.kernelDistance(a as never, b as never, { isBiased });
        }),
      ),
    ) as [number[], number[]];
    const mean = (values: number[]): number => values.reduce((s, v) => s + v, 0) / values.length;
    const spread = Math.sqrt(mean(unbiased.map((v) => v * v)) / unbiased.length);
    assert.ok(Math.abs(mean(unbiased)) < 3 * spread, `${mean(unbiased)} ± ${spread}`);
    assert.ok(mean(biased) > 5 * spread);
  });
});

describe("neighbours", () => {
  it("nearest: which row of the bank, and how far", () => {
    const bank = [
      [0, 0],
      [10, 0],
      [0, 5],
    ];
    const samples = [
      [9, 0],
      [3, 9],
    ];
    const { index, distance } = withRows([samples, bank], metrics.nearestNeighbours);
    assert.deepEqual([...index], [1, 2]);
    assertClose([...distance], [1, 5], { absolute: 1e-12 });
  });

  it("precision and recall tell a dropped mode from a poor sample", () => {
    const line = (at: number): number[][] => [0, 0.1, 0.2, 0.3].map((x) => [at + x]);
    const dropped = withRows([[...line(0), ...line(10)], line(0)], (real, made) =>
      metrics.precisionRecall(real, made, { k: 2 }),
    );
    assert.equal(dropped.precision, 1);
    assert.equal(dropped.recall, 0.5);
    const poor = withRows([line(0), [...line(0), ...line(10)]], (real, made) =>
      metrics.precisionRecall(real, made, { k: 2 }),
    );
    assert.equal(poor.precision, 0.5);
    assert.equal(poor.recall, 1);
  });

  it("refuse more neighbours than samples", () => {
    const rows = [
      [[0], [1]],
      [[0], [1], [2]],
    ] as const;
    const measure = (a: tf.Tensor2D, b: tf.Tensor2D): unknown =>
      metrics.precisionRecall(a, b, { k: 2 });
    assert.throws(() => withRows(rows as never, measure), /k = 2 neighbours need more than 2/);
  });
});

describe("modes", () => {
  it("count samples within three standard deviations of the nearest centre", () => {
    const points = tf.tensor2d([
      [0, 0],
      [0.29, 0],
      [0.31, 0],
      [5, 0.1],
      [9, 9],
    ]);
    const modes = [
      [0, 0],
      [5, 0],
      [-5, 0],
    ];
    const coverage = metrics.modeCoverage(points, modes, { std: 0.1 });
    const strict = metrics.modeCoverage(points, modes, { std: 0.1, minSamples: 2 });
    points.dispose();
    assert.deepEqual([...coverage.counts], [2, 1, 0]);
    assert.deepEqual([coverage.modesFound, strict.modesFound], [2, 1]);
    assertClose([coverage.highQualityShare], [3 / 5], { absolute: 1e-12 });
  });
});
