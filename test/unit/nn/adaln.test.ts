import { strict as assert } from "node:assert";

import { core, nn, Rng, tf } from "latentlab";

import { assertClose } from "../../support/close";
import { assertTwiceDifferentiable } from "../../support/finite-difference";

describe("modulate", () => {
  it("scales by 1 + scale and shifts, every token of an example alike", () => {
    tf.tidy(() => {
      const x = tf.tensor3d([
        [
          [1, 2],
          [3, 4],
        ],
        [
          [5, 6],
          [7, 8],
        ],
      ]);
      const shift = tf.tensor2d([
        [10, 20],
        [30, 40],
      ]);
      const scale = tf.tensor2d([
        [0, 1],
        [2, -1],
      ]);
      const want = [11, 24, 13, 28, 45, 40, 51, 40];
      assertClose(nn.modulate(x, shift, scale).dataSync(), want);
      assert.throws(() => nn.modulate(x, shift, tf.zeros([2, 1])), core.ShapeError);
    });
  });
});

describe("AdaLnBlock", () => {
  let block: nn.AdaLnBlock;
  beforeEach(() => (block = new nn.AdaLnBlock(4, 2, new Rng(1), { conditionSize: 3 })));
  afterEach(() => block.dispose());

  function input(): { x: tf.Tensor3D; condition: tf.Tensor2D } {
    const rng = new Rng(2);
    return { x: rng.normal([2, 5, 4]), condition: rng.normal([2, 3]) };
  }

  /** Opens the gates. */
  function perturb(): void {
    tf.tidy(() => block.modulation.weight.assign(new Rng(3).normal([3, 24])));
  }

  it("begins as the identity, exactly, whatever the condition", () => {
    tf.tidy(() => {
      const { x, condition } = input();
      assert.deepEqual(block.forward(x, condition).dataSync(), x.dataSync());
    });
  });

  it("hears its own example's condition only, once its gates are open", () => {
    perturb();
    tf.tidy(() => {
      const { x, condition } = input();
      const other = condition.add<tf.Tensor2D>(tf.tensor2d([[0], [1]]));
      const moved = block.forward(x, condition).sub(block.forward(x, other)).abs().max([1, 2]);
      const [first, second] = moved.dataSync();
      assert.equal(first, 0);
      assert.ok(second! > 0.01);
    });
  });

  it("gives permuted tokens for permuted tokens: it knows no positions", () => {
    perturb();
    tf.tidy(() => {
      const { x, condition } = input();
      const order = tf.tensor1d([3, 0, 4, 1, 2], "int32");
      const got = block.forward(x.gather(order, 1), condition);
      const want = block.forward(x, condition).gather(order, 1);
      assertClose(got.dataSync(), want.dataSync(), { absolute: 1e-5 });
      assert.throws(() => assertClose(got.dataSync(), block.forward(x, condition).dataSync()));
    });
  });

  it("gradients of first and second order", () => {
    perturb();
    tf.tidy(() => {
      const { condition } = input();
      const x = new Rng(4).normal([2, 2, 4], 0, 2);
      assertTwiceDifferentiable((at) => block.forward(at as tf.Tensor3D, condition), x);
    });
  });

  it("has 6·C·D + 6·D + 4·(D² + D) + 8·D² + 5·D parameters", () => {
    assert.equal(block.parameterCount(), 6 * 3 * 4 + 24 + 4 * 20 + 8 * 16 + 5 * 4);
  });

  it("refuses sizes that do not fit, by name", () => {
    assert.throws(() => new nn.AdaLnBlock(4, 3, new Rng(1)), {
      name: "ValueError",
      message: /AdaLnBlock: 4 features do not divide into 3 heads/,
    });
    tf.tidy(() => {
      const { x } = input();
      assert.throws(() => block.forward(x, tf.zeros([2, 4])), /condition must have shape \[2, 3\]/);
    });
  });
});
