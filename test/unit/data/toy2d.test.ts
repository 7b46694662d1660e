import { strict as assert } from "node:assert";

import { core, data, Rng, tf } from "latentlab";

import { assertClose } from "../../support/close";

type Point = readonly [number, number];

function draw(toy: data.Toy2d, n: number, seed = 1): Point[] {
  const points = toy.sample(new Rng(seed), n);
  const flat = points.dataSync();
  points.dispose();
  return Array.from({ length: n }, (_, i) => [flat[2 * i]!, flat[2 * i + 1]!]);
}

function logDensity(toy: data.Toy2d, points: Point[]): number[] {
  return tf.tidy(() => [...toy.logDensity!(tf.tensor2d(points.map((p) => [...p]))).dataSync()]);
}

/** Mean and its standard error. */
function mean(values: number[]): { value: number; error: number } {
  const value = values.reduce((sum, v) => sum + v, 0) / values.length;
  const variance = values.reduce((sum, v) => sum + (v - value) ** 2, 0) / values.length;
  return { value, error: Math.sqrt(variance / values.length) };
}

function assertMean(values: number[], expected: number): void {
  const { value, error } = mean(values);
  assertClose([value], [expected], { absolute: 5 * error, relative: 0 });
}

/** Riemann sum of exp(log p) over [−half, half]², midpoints of `cells`² squares. */
function integral(toy: data.Toy2d, half: number, cells: number): number {
  const step = (2 * half) / cells;
  const axis = Array.from({ length: cells }, (_, i) => -half + (i + 0.5) * step);
  const points = axis.flatMap((x) => axis.map((y): Point => [x, y]));
  return logDensity(toy, points).reduce((sum, logP) => sum + Math.exp(logP) * step * step, 0);
}

const MIXTURE = data.gaussianMixture({
  means: [
    [0, 0],
    [2, 1],
  ],
  std: 0.5,
  weights: [0.3, 0.7],
});

describe("2-D toys", () => {
  it("gaussianMixture: log p equals Σ w N(x; μ, σ²I) written out, and p integrates to 1", () => {
    const bell = (dx: number, dy: number): number =>
      Math.exp(-(dx * dx + dy * dy) / 0.5) / (2 * Math.PI * 0.25);
    const points: Point[] = [
      [0, 0],
      [1, 0.5],
      [2.3, -1],
      [-3, 4],
    ];
    const expected = points.map(([x, y]) => Math.log(0.3 * bell(x, y) + 0.7 * bell(x - 2, y - 1)));
    assertClose(logDensity(MIXTURE, points), expected, { relative: 1e-5 });
    assertClose([integral(MIXTURE, 5, 200)], [1], { absolute: 1e-4 });
  });

  it("gaussianMixture: mean Σ w μ, variance σ² + spread of the means, and −E[log p] = entropy", () => {
    const points = draw(MIXTURE, 20_000);
    assertMean(
      points.map(([x]) => x),
      1.4,
    );
    assertMean(
      points.map(([, y]) => y),
      0.7,
    );
    assertMean(
      points.map(([x]) => (x - 1.4) ** 2),
      0.25 + 0.3 * 0.7 * 4,
    );
    assertMean(
      points.map(([x, y]) => (x - 1.4) * (y - 0.7)),
      0.3 * 0.7 * 2,
    );
    // Components so far apart that the entropy is log K + log(2πe σ²).
    const grid = data.grid25();
    const entropy = Math.log(25) + Math.log(2 * Math.PI * Math.E * 0.05 ** 2);
    assertMean(
      logDensity(grid, draw(grid, 5000)).map((v) => -v),
      entropy,
    );
  });

  for (const [toy, std] of [
    [data.ring8(), 0.02],
    [data.grid25(), 0.05],
  ] as const) {
    it(`${toy.name}: every mode has its share, and the points lie within 6σ of one`, () => {
      const n = 10_000;
      const modes = toy.modes as Point[];
      const found = new Array<number>(modes.length).fill(0);
      for (const [x, y] of draw(toy, n)) {
        const k = modes.findIndex(([mx, my]) => Math.hypot(x - mx, y - my) < 6 * std);
        assert.ok(k >= 0, `(${x}, ${y}) is near no mode`);
        found[k]!++;
      }
      const p = 1 / modes.length;
      assertClose(
        found,
        found.map(() => n * p),
        {
          absolute: 5 * Math.sqrt(n * p * (1 - p)),
          relative: 0,
        },
      );
    });
  }

  it("moons: mean (½, ¼) and variances from the two half circles, noise 0 on the circles", () => {
    const points = draw(data.moons({ std: 0.1 }), 20_000);
    assertMean(
      points.map(([x]) => x),
      0.5,
    );
    assertMean(
      points.map(([, y]) => y),
      0.25,
    );
    assertMean(
      points.map(([x]) => (x - 0.5) ** 2),
      0.75 + 0.01,
    );
    assertMean(
      points.map(([, y]) => (y - 0.25) ** 2),
      0.625 - 1 / Math.PI - 1 / 16 + 0.01,
    );
    for (const [x, y] of draw(data.moons({ std: 0 }), 500)) {
      const outer = y >= 0 && Math.abs(Math.hypot(x, y) - 1) < 1e-5;
      const inner = y <= 0.5 && Math.abs(Math.hypot(x - 1, y - 0.5) - 1) < 1e-5;
      assert.ok(outer || inner, `(${x}, ${y})`);
    }
  });

  it("swiss roll: without noise the angle is 4.5π/2 times the radius, which is uniform", () => {
    const points = draw(data.swissRoll({ std: 0 }), 5000);
    for (const [x, y] of points) {
      const angle = (4.5 * Math.PI * Math.hypot(x, y)) / 2;
      assertClose(
        [x / Math.hypot(x, y), y / Math.hypot(x, y)],
        [Math.cos(angle), Math.sin(angle)],
        {
          absolute: 1e-4,
        },
      );
    }
    const radii = points.map(([x, y]) => Math.hypot(x, y));
    assertMean(radii, 4 / 3);
    assertMean(
      radii.map((r) => (r - 4 / 3) ** 2),
      (4 / 3) ** 2 / 12,
    );
  });

  it("checkerboard: p is 1/8 on dark squares and 0 elsewhere; points fall on each equally", () => {
    const board = data.checkerboard();
    const [inside, light, off] = logDensity(board, [
      [0.5, 0.5],
      [0.5, -0.5],
      [2.5, 0.5],
    ]);
    assertClose([inside!], [-Math.log(8)]);
    assert.deepEqual([light, off], [-Infinity, -Infinity]);
    assertClose([integral(board, 3, 120)], [1], { absolute: 1e-5 });
    const points = draw(board, 8000);
    assert.ok(logDensity(board, points).every((logP) => logP > -3));
    const squares = new Map<string, number>();
    for (const [x, y] of points) {
      const square = `${Math.floor(x)},${Math.floor(y)}`;
      squares.set(square, (squares.get(square) ?? 0) + 1);
    }
    assert.equal(squares.size, 8);
    assertClose([...squares.values()], Array<number>(8).fill(1000), {
      absolute: 5 * Math.sqrt(8000 * (1 / 8) * (7 / 8)),
      relative: 0,
    });
  });

  it("give the same points for the same seed and step, in any order", () => {
    const source = data.toyBatches(data.moons(), { batchSize: 8, seed: 4 });
    const [a, , c] = [5, 2, 5].map((step) => tf.tidy(() => [...source.at(step).x.dataSync()]));
    assert.deepEqual(a, c);
    assert.deepEqual(source.at(0).x.dispose(), undefined);
  });

  it("refuse sizes and mixtures that make no sense", () => {
    assert.throws(() => draw(data.moons(), 0), /n must be a whole number/);
    assert.throws(() => data.ring8({ std: 0 }), core.ValueError);
    assert.throws(() => data.moons({ std: -1 }), core.ValueError);
    assert.throws(() => data.gaussianMixture({ means: [], std: 1 }), core.ValueError);
    assert.throws(
      () => data.gaussianMixture({ means: [[0, 0]], std: 1, weights: [0.5] }),
      /positive numbers of sum 1/,
    );
    const flat = tf.zeros([4]) as unknown as tf.Tensor2D;
    assert.throws(() => MIXTURE.logDensity!(flat), core.ShapeError);
    flat.dispose();
  });
});
