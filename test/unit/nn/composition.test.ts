import { strict as assert } from "node:assert";

import { core, nn, Rng, tf } from "latentlab";

import { assertClose } from "../../support/close";

describe("patchify", () => {
  it("cuts row by row; within a patch row, column, channel", () => {
    tf.tidy(() => {
      const x = tf.range(0, 2 * 4 * 4 * 3).reshape<tf.Tensor4D>([2, 4, 4, 3]);
      const tokens = nn.patchify(x, 2).arraySync();
      const pixel = (b: number, i: number, j: number): number[] =>
        [0, 1, 2].map((c) => ((b * 4 + i) * 4 + j) * 3 + c);
      const patch = (b: number, i: number, j: number): number[] =>
        [pixel(b, i, j), pixel(b, i, j + 1), pixel(b, i + 1, j), pixel(b, i + 1, j + 1)].flat();
      assert.deepEqual(tokens[1], [patch(1, 0, 0), patch(1, 0, 2), patch(1, 2, 0), patch(1, 2, 2)]);
    });
  });

  it("is undone by unpatchify on pictures that are not square", () => {
    tf.tidy(() => {
      const x = new Rng(1).normal<tf.Tensor4D>([2, 4, 6, 3]);
      assert.deepEqual(nn.unpatchify(nn.patchify(x, 2), 2, [2, 3]).dataSync(), x.dataSync());
      assert.throws(() => nn.patchify(x, 4), core.ShapeError);
      assert.throws(() => nn.unpatchify(nn.patchify(x, 2), 2, [3, 3]), core.ShapeError);
      assert.throws(() => nn.unpatchify(nn.patchify(x, 2), 5, [2, 3]), core.ShapeError);
    });
  });
});

describe("Sequential and Mlp", () => {
  it("apply layers and functions in order", () => {
    const [first, second] = [new nn.Dense(1, 1, new Rng(1)), new nn.Dense(1, 1, new Rng(2))];
    const row = new nn.Sequential([first, nn.relu, second]);
    tf.tidy(() => {
      row.loadStateDict({
        "layers.0.weight": tf.tensor2d([[2]]),
        "layers.0.bias": tf.tensor1d([1]),
        "layers.2.weight": tf.tensor2d([[10]]),
        "layers.2.bias": tf.tensor1d([5]),
      });
      assertClose(row.forward(tf.tensor2d([[3], [-3]])).dataSync(), [75, 5]);
    });
    row.dispose();
  });

  it("take convolutions and norms, and hand on the training mode", () => {
    const rng = new Rng(1);
    const norm = new nn.BatchNorm(4);
    const row = new nn.Sequential([new nn.Conv2d(1, 4, rng, { stride: 2 }), norm, nn.silu]);
    tf.tidy(() => assert.deepEqual(row.forward(tf.ones([2, 8, 8, 1])).shape, [2, 4, 4, 4]));
    assert.equal(row.setTraining(false) && norm.isTraining, false);
    row.dispose();
  });

  it("an Mlp has its activation between its layers only", () => {
    const mlp = new nn.Mlp([1, 1, 1], new Rng(1), { activation: nn.relu });
    tf.tidy(() => {
      const one = { "layers.0.bias": tf.zeros([1]), "layers.1.bias": tf.tensor1d([-2]) };
      const weights = { "layers.0.weight": tf.ones([1, 1]), "layers.1.weight": tf.ones([1, 1]) };
      mlp.loadStateDict({ ...one, ...weights });
      assertClose(mlp.forward(tf.tensor2d([[1], [-5]])).dataSync(), [-1, -2]);
    });
    mlp.dispose();
    assert.throws(() => new nn.Mlp([3], new Rng(1)), core.ValueError);
    assert.throws(() => new nn.Sequential([]), core.ValueError);
  });

  it("a module loads its own state without losing it", () => {
    const dense = new nn.Dense(2, 2, new Rng(1));
    const before = dense.weight.dataSync();
    dense.loadStateDict(dense.stateDict());
    assert.deepEqual(dense.weight.dataSync(), before);
    dense.dispose();
  });
});
