import { strict as assert } from "node:assert";

import { nn, Rng, tf } from "latentlab";

import { textContext } from "../../support/captions";
import { assertClose } from "../../support/close";
import { assertGradient } from "../../support/finite-difference";
import { largest, perturb } from "../../support/tensors";

describe("CrossAttention", () => {
  let cross: nn.CrossAttention;
  beforeEach(() => (cross = new nn.CrossAttention(4, 6, 2, new Rng(1))));
  afterEach(() => cross.dispose());

  it("R.24 begins as its shortcut; of one word it takes all, from each place alike", () => {
    tf.tidy(() => {
      const x = new Rng(2).normal<tf.Tensor3D>([1, 3, 4]);
      const text = textContext([1]);
      assert.deepEqual(cross.forward(x, text).dataSync(), x.dataSync());
      perturb(cross);
      const { value, output } = cross.attention;
      const word = text.tokens.slice<tf.Tensor3D>([0, 0, 0], [1, 1, 6]);
      const want = x.add(output.forward(value.forward(word)));
      assertClose(cross.forward(x, text).dataSync(), want.dataSync(), { absolute: 1e-5 });
    });
  });

  it("R.24 does not look at padding", () => {
    perturb(cross);
    tf.tidy(() => {
      const x = new Rng(2).normal<tf.Tensor3D>([2, 3, 4]);
      const text = textContext([2, 4]);
      const padded = text.mask.logicalNot().cast("float32").expandDims(2).mul(100);
      const change = (tokens: tf.Tensor3D): number =>
        largest(cross.forward(x, { ...text, tokens }).sub(cross.forward(x, text)));
      assert.equal(change(text.tokens.add(padded)), 0);
      assert.ok(change(text.tokens.add(1)) > 1e-3);
    });
  });
});

describe("TransformerBlock", () => {
  it("permutes its answers as the tokens are permuted, and has the right gradient", () => {
    const block = new nn.TransformerBlock(4, 2, new Rng(1));
    perturb(block);
    tf.tidy(() => {
      const x = new Rng(2).normal<tf.Tensor3D>([1, 3, 4]);
      const reversed = block.forward(x.reverse(1)).reverse(1);
      assertClose(reversed.dataSync(), block.forward(x).dataSync(), { absolute: 1e-5 });
      assertGradient(
        (at) =>
          block
            .forward(at as tf.Tensor3D)
            .square()
            .sum(),
        x,
      );
    });
    block.dispose();
  });
});
