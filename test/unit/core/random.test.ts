import { strict as assert } from "node:assert";

import { Rng } from "latentlab";

import { assertClose } from "../../support/close";

function mean(values: ArrayLike<number>): number {
  return Array.from(values).reduce((sum, value) => sum + value, 0) / values.length;
}

describe("Rng", () => {
  it("gives the same numbers for the same seed, others for another", () => {
    const [a, b, c] = [7, 7, 8].map((seed) => new Rng(seed).normalArray(100));
    assert.deepEqual(a, b);
    assert.notDeepEqual(a, c);
  });

  it("continues exactly from a saved state", () => {
    const rng = new Rng(3);
    rng.normalArray(10);
    const saved = JSON.parse(JSON.stringify(rng.state()));
    const expected = rng.normalArray(10);
    assert.deepEqual(Rng.restore(saved).normalArray(10), expected);
  });

  it("draws N(0, 1): mean, variance and kurtosis within 5 standard errors at n = 200,000", () => {
    const n = 200_000;
    const x = new Rng(1).normalArray(n);
    assertClose([mean(x)], [0], { absolute: 5 / Math.sqrt(n) });
    assertClose([mean(x.map((v) => v * v))], [1], { absolute: 5 * Math.sqrt(2 / n) });
    assertClose([mean(x.map((v) => v ** 4))], [3], { absolute: 5 * Math.sqrt(96 / n) });
  });

  it("permutes: every index once, and not in order", () => {
    const order = new Rng(5).permutation(1000);
    assert.deepEqual(
      Int32Array.from(order).sort(),
      Int32Array.from({ length: 1000 }, (_, i) => i),
    );
    assert.ok(order.filter((value, i) => value === i).length < 10);
  });

  it("splits into a generator uncorrelated with its parent", () => {
    const parent = new Rng(9);
    const child = parent.split();
    const [p, c] = [parent.normalArray(50_000), child.normalArray(50_000)];
    const correlation = mean(p.map((value, i) => value * (c[i] as number)));
    assertClose([correlation], [0], { absolute: 5 / Math.sqrt(50_000) });
  });

  it("refuses a seed that is not a whole number", () => {
    assert.throws(() => new Rng(1.5), /seed must be a whole number/);
  });
});
