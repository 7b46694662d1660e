import { strict as assert } from "node:assert";

import { core, nn, Rng, tf } from "latentlab";

import { assertClose } from "../../support/close";

/** Phases at t of n waves: t · period^(−i / (n − shift)). */
function phases(t: number, n: number, shift: number, period = 10_000): number[] {
  return Array.from({ length: n }, (_, i) => t * period ** (-i / (n - shift)));
}

describe("sinusoidalEmbedding", () => {
  function embed(t: number[], size: number, options?: nn.SinusoidalOptions): number[][] {
    return tf.tidy(() => nn.sinusoidalEmbedding(tf.tensor1d(t), size, options).arraySync());
  }

  it("cosines then sines, frequencies from 1 down to period^(−(n−1)/n)", () => {
    const got = embed([0, 1, 7.5], 6);
    [0, 1, 7.5].forEach((t, row) => {
      const p = phases(t, 3, 0);
      assertClose(got[row]!, [...p.map(Math.cos), ...p.map(Math.sin)]);
    });
  });

  it("DDPM's order and spacing: sines first, down to 1 / period", () => {
    const p = phases(3, 3, 1, 100);
    assertClose([p[2]!], [0.03]);
    const got = embed([3], 6, { order: "sin-cos", frequencyShift: 1, maxPeriod: 100 });
    assertClose(got[0]!, [...p.map(Math.sin), ...p.map(Math.cos)]);
    assert.throws(() => assertClose(embed([3], 6)[0]!, got[0]!), /element/);
  });

  it("an odd size ends in 0; int32 timesteps are taken", () => {
    assert.deepEqual(embed([0.5], 5)[0]!.length, 5);
    assert.equal(embed([0.5], 5)[0]![4], 0);
    tf.tidy(() => {
      const whole = nn.sinusoidalEmbedding(tf.tensor1d([4, 9], "int32"), 4);
      assertClose(whole.dataSync(), embed([4, 9], 4).flat());
    });
  });
});

describe("gridEmbedding", () => {
  it("row by row; column in the first half, row in the second; sines, then cosines", () => {
    const [height, width, size] = [2, 3, 8];
    const got = tf.tidy(() => nn.gridEmbedding(height, width, size).arraySync());
    const half = (position: number): number[] => {
      const p = phases(position, size / 4, 0);
      return [...p.map(Math.sin), ...p.map(Math.cos)];
    };
    for (let cell = 0; cell < height * width; cell++) {
      const [row, column] = [Math.floor(cell / width), cell % width];
      assertClose(got[cell]!, [...half(column), ...half(row)]);
    }
    assert.throws(() => assertClose(got[1]!, [...half(0), ...half(1)]), /element/);
  });

  it("refuses a size that is not a multiple of 4", () => {
    assert.throws(() => nn.gridEmbedding(2, 2, 6), core.ValueError);
  });
});

describe("LabelEmbedding", () => {
  it("gives each class its row, and no class the last; gradients reach those rows only", () => {
    const embedding = new nn.LabelEmbedding(3, 2, new Rng(1));
    tf.tidy(() => {
      embedding.loadStateDict({ weight: tf.tensor2d([0, 1, 10, 11, 20, 21, 30, 31], [4, 2]) });
      const labels = tf.tensor1d([2, embedding.nullLabel, 2], "int32");
      assert.deepEqual(embedding.forward(labels).arraySync(), [
        [20, 21],
        [30, 31],
        [20, 21],
      ]);
      const { grads } = tf.variableGrads(() => embedding.forward(labels).square().sum());
      const rows = Object.values(grads)[0]!.arraySync();
      assert.deepEqual(rows, [
        [0, 0],
        [0, 0],
        [80, 84],
        [60, 62],
      ]);
      const unknown = tf.tensor1d([4], "int32");
      assert.throws(() => embedding.forward(unknown), /4 is not in \[0, 4\)/);
      const floats = tf.tensor1d([1]);
      assert.throws(() => embedding.forward(floats), core.ShapeError);
    });
    embedding.dispose();
  });
});
