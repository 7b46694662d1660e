import { strict as assert } from "node:assert";

import { core, nn, Rng, tf } from "latentlab";

import { assertClose } from "../../support/close";
import { assertGradient, assertTwiceDifferentiable } from "../../support/finite-difference";

type Resample = (x: tf.Tensor4D) => tf.Tensor4D;

/** One row of pixels through `f`, which must leave every row of the result the same. */
function row(f: Resample, pixels: readonly number[]): number[] {
  return tf.tidy(() => {
    const square = pixels.map(() => [...pixels]);
    const y = f(tf.tensor2d(square).expandDims(0).expandDims(3) as tf.Tensor4D);
    const rows = y.squeeze([0, 3]).arraySync() as number[][];
    for (const other of rows) assertClose(other, rows[0]!);
    return rows[0]!;
  });
}

describe("resampling", () => {
  it("nearest repeats, average pooling undoes it, max pooling takes the largest", () => {
    assert.deepEqual(
      row((x) => nn.upsampleNearest(x, 3), [1, 5]),
      [1, 1, 1, 5, 5, 5],
    );
    assert.deepEqual(
      row((x) => nn.averagePool(nn.upsampleNearest(x, 3), 3), [1, 5]),
      [1, 5],
    );
    assert.deepEqual(
      row((x) => nn.averagePool(x), [1, 3, 5, 9]),
      [2, 7],
    );
    assert.deepEqual(
      row((x) => nn.maxPool(x), [1, 3, 9, 5]),
      [3, 9],
    );
  });

  it("bilinear keeps the edges, or the corner pixels, in place", () => {
    assertClose(
      row((x) => nn.upsampleBilinear(x), [0, 4, 8]),
      [0, 1, 3, 5, 7, 8],
    );
    const corners = row((x) => nn.upsampleBilinear(x, 2, { alignCorners: true }), [0, 5, 10]);
    assertClose(corners, [0, 2, 4, 6, 8, 10]);
    assertClose(
      row((x) => nn.upsampleBilinear(x, 3), [6]),
      [6, 6, 6],
    );
    // tfjs's default, which is neither, would be seen
    const third = row((x) => tf.image.resizeBilinear(x, [6, 6]), [0, 4, 8]);
    assert.throws(() => assertClose(third, [0, 1, 3, 5, 7, 8]), /element/);
  });

  it("height and width are not mixed up", () => {
    tf.tidy(() => {
      const x = new Rng(1).normal<tf.Tensor4D>([2, 2, 3, 2]);
      const turned = (y: tf.Tensor4D): tf.Tensor4D => y.transpose([0, 2, 1, 3]);
      for (const f of [nn.upsampleBilinear, nn.upsampleNearest] as Resample[]) {
        const y = f(x);
        assert.deepEqual(y.shape, [2, 4, 6, 2]);
        assertClose(turned(f(turned(x))).dataSync(), y.dataSync());
      }
    });
  });

  for (const [name, f] of Object.entries<Resample>({
    upsampleNearest: (x) => nn.upsampleNearest(x, 3),
    averagePool: (x) => nn.averagePool(x, 2),
    upsampleBilinear: (x) => nn.upsampleBilinear(x, 2),
  })) {
    it(`${name}: first and second derivative are those of finite differences`, () => {
      tf.tidy(() => {
        const x = new Rng(1).normal([1, 2, 4, 2]);
        assertTwiceDifferentiable((at) => f(at.square() as tf.Tensor4D).square(), x);
      });
    });
  }

  it("maxPool: first derivative", () => {
    tf.tidy(() => {
      const x = new Rng(1).normal([1, 2, 4, 1]).mul(3);
      assertGradient(
        (at) =>
          nn
            .maxPool(at as tf.Tensor4D)
            .square()
            .sum(),
        x,
      );
    });
  });

  it("refuses pictures that do not divide: no pixel is dropped silently", () => {
    tf.tidy(() => {
      const x = tf.zeros<tf.Rank.R4>([1, 5, 4, 1]);
      assert.throws(() => nn.averagePool(x), core.ShapeError);
      assert.throws(() => nn.maxPool(x), core.ShapeError);
    });
  });
});
