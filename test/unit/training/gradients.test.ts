import { strict as assert } from "node:assert";

import { core, tf, training } from "latentlab";

import { assertClose } from "../../support/close";

/** w = [3, 4], so that the loss Σ w² has gradient [6, 8]: norm 10. */
function withWeight(body: (parameters: training.NamedParameters, w: tf.Variable) => void): void {
  const w = tf.tidy(() => tf.variable(tf.tensor1d([3, 4])));
  tf.tidy(() => body(new Map([["w", w]]), w));
  w.dispose();
}

describe("gradients", () => {
  it("gives loss, parts and gradients of one backward pass", () => {
    withWeight((parameters, w) => {
      const { names, values, gradients } = training.lossAndGradients(parameters, () => ({
        loss: w.square().sum(),
        largest: w.max(),
      }));
      assert.deepEqual(names, ["loss", "largest"]);
      assertClose(values.dataSync(), [25, 4]);
      assertClose(gradients.get("w")!.dataSync(), [6, 8]);
      values.dispose();
    });
  });

  it("clips to the global norm over all tensors, and leaves small gradients alone", () => {
    tf.tidy(() => {
      const gradients = new Map<string, tf.Tensor>([
        ["a", tf.tensor1d([6])],
        ["b", tf.tensor2d([[8]])],
      ]);
      const norm = training.globalNorm(gradients);
      assertClose(norm.dataSync(), [10]);
      const clipped = training.clipByGlobalNorm(gradients, norm, 5);
      assertClose(clipped.get("a")!.dataSync(), [3]);
      assertClose(clipped.get("b")!.dataSync(), [4]);
      const same = training.clipByGlobalNorm(gradients, norm, 20);
      assert.deepEqual([...same.get("b")!.dataSync()], [8]);
    });
  });

  it("frees everything when the loss throws in mid-computation", () => {
    withWeight((parameters, w) => {
      const before = tf.memory().numTensors;
      const faulty = (): tf.Scalar => {
        w.square().exp().sum();
        throw new RangeError("a mistake in the loss");
      };
      assert.throws(() => training.lossAndGradients(parameters, faulty), RangeError);
      assert.equal(tf.memory().numTensors, before);
    });
  });

  it("refuses a loss that is not a scalar, and one that no parameter reaches", () => {
    withWeight((parameters, w) => {
      const vector = () => w.square() as tf.Scalar;
      assert.throws(() => training.lossAndGradients(parameters, vector), core.ShapeError);
      const constant = () => tf.scalar(1);
      assert.throws(
        () => training.lossAndGradients(parameters, constant),
        /does not depend on any parameter/,
      );
    });
  });
});
