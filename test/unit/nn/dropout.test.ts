import { strict as assert } from "node:assert";

import { nn, Rng, tf } from "latentlab";

import { assertClose } from "../../support/close";

describe("Dropout", () => {
  it("zeroes a share of `rate` and scales the rest, so that the mean stays", () => {
    const n = 100_000;
    const rate = 0.3;
    const dropout = new nn.Dropout(rate, new Rng(11));
    const y = tf.tidy(() =>
      dropout
        .forward(tf.fill([n], 2))
        .dataSync<"float32">()
        .slice(),
    );
    const kept = y.filter((value) => value !== 0);
    for (const value of new Set(kept)) assertClose([value], [2 / (1 - rate)]);
    const standardError = Math.sqrt((rate * (1 - rate)) / n);
    assertClose([kept.length / n], [1 - rate], { absolute: 5 * standardError, relative: 0 });
  });

  it("drops other values at each forward, and the same again from the same seed", () => {
    const masks = (seed: number): Float32Array[] => {
      const dropout = new nn.Dropout(0.5, new Rng(seed));
      return tf.tidy(() =>
        [0, 1].map(() =>
          dropout
            .forward(tf.ones([64]))
            .dataSync<"float32">()
            .slice(),
        ),
      );
    };
    const [first, second] = masks(1);
    assert.notDeepEqual(first, second);
    assert.deepEqual(masks(1), [first, second]);
  });

  it("changes nothing in evaluation and at rate 0; its gradient has the mask of the forward", () => {
    tf.tidy(() => {
      const x = new Rng(2).normal([8]);
      const dropout = new nn.Dropout(0.5, new Rng(1));
      const f = (at: tf.Tensor): tf.Tensor => dropout.forward(at).sum();
      const { value, grad } = tf.valueAndGrad(f)(x);
      assertClose(x.mul(grad).sum().dataSync(), value.dataSync());
      dropout.setTraining(false);
      assert.deepEqual(dropout.forward(x).dataSync(), x.dataSync());
      assert.deepEqual(new nn.Dropout(0, new Rng(1)).forward(x).dataSync(), x.dataSync());
    });
  });
});
