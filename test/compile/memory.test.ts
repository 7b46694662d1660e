import { strict as assert } from "node:assert";

import { compile, nn, Rng, tf } from "latentlab";

const ROUNDS = 100;
/** Bytes of the weights that each round's session holds. */
const WEIGHTS = 4 * 512 * 512;

/** Compile a function of a layer with 1 MiB of weights, run it, and dispose of it or not. */
function round(layer: nn.Dense, x: tf.Tensor, keep?: unknown[]): void {
  const forward = compile((input: tf.Tensor) => layer.forward(input));
  forward(x).dispose();
  if (keep === undefined) forward.dispose();
  else keep.push(forward);
}

/** Resident bytes that many rounds added. */
function growth(rounds: number, keep?: unknown[]): number {
  const layer = new nn.Dense(512, 512, new Rng(1));
  const x = new Rng(2).normal([4, 512]);
  for (let i = 0; i < 10; i++) round(layer, x); // TensorFlow's pools fill up
  global.gc?.();
  const before = process.memoryUsage.rss();
  for (let i = 0; i < rounds; i++) round(layer, x, keep);
  global.gc?.();
  const grown = process.memoryUsage.rss() - before;
  for (const item of [x, layer]) item.dispose();
  return grown;
}

describe("memory of compiled functions", () => {
  it(`comes back: ${ROUNDS} rounds of compile and dispose leave less than a tenth of it`, () => {
    const grown = growth(ROUNDS);
    assert.ok(grown < 0.1 * ROUNDS * WEIGHTS, `${(grown / 2 ** 20).toFixed(1)} MiB more`);
  });

  it("would be missed if it did not come back: half the rounds, without dispose", () => {
    const kept: { dispose(): void }[] = [];
    const grown = growth(ROUNDS / 2, kept);
    for (const item of kept) item.dispose();
    assert.ok(grown > 0.1 * ROUNDS * WEIGHTS, `only ${(grown / 2 ** 20).toFixed(1)} MiB more`);
  });
});
