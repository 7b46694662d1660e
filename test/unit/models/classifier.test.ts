import { strict as assert } from "node:assert";

import { compile, core, diffusion, models, objectives, Rng, tf, training } from "latentlab";

import { assertClose } from "../../support/close";
import { finiteDifferences } from "../../support/finite-difference";
import { int32, perturb } from "../../support/tensors";

const CONFIG = {
  imageSize: 4,
  imageChannels: 1,
  numClasses: 2,
  channels: [4],
  featureSize: 6,
  numGroups: 2,
  timeSize: 8,
};
const SCHEDULE = diffusion.linearSchedule(10, { betaEnd: 0.3 });

/** Pictures bright at the left, class 0, or at the right, class 1. */
function examples(rng: Rng, count: number): { x: tf.Tensor4D; labels: tf.Tensor1D } {
  return tf.tidy(() => {
    const labels = rng.integers<tf.Tensor1D>([count], 0, 2);
    const side = labels.cast("float32").mul(2).sub(1).reshape([count, 1, 1, 1]);
    const column = tf.tensor1d([-0.6, -0.2, 0.2, 0.6]).reshape([1, 1, 4, 1]);
    return { x: side.mul(column).mul(tf.ones([1, 4, 1, 1])) as tf.Tensor4D, labels };
  });
}

describe("Classifier", () => {
  let model: models.Classifier;
  beforeEach(() => (model = new models.Classifier(CONFIG, new Rng(1))));
  afterEach(() => model.dispose());

  it("without t it is the classifier of clean pictures, t = 0, and t matters", () => {
    perturb(model);
    tf.tidy(() => {
      const x = new Rng(2).normal<tf.Tensor4D>([2, 4, 4, 1]);
      const clean = model.forward(x).dataSync();
      assertClose(model.forward(x, int32(0, 0)).dataSync(), clean);
      const noisy = model.forward(x, int32(0, 7)).dataSync();
      assertClose(noisy.slice(0, 2), clean.slice(0, 2));
      assert.ok(Math.abs(noisy[2]! - clean[2]!) > 1e-3);
    });
  });

  it("its logits are a dense layer on silu of its features", () => {
    tf.tidy(() => {
      const x = new Rng(2).normal<tf.Tensor4D>([3, 4, 4, 1]);
      const features = model.features(x);
      assert.deepEqual(features.shape, [3, 6]);
      const weight = model.out.weight.arraySync() as number[][];
      const want = (features.arraySync() as number[][]).flatMap((row) =>
        [0, 1].map((k) =>
          row.reduce((sum, f, i) => sum + (f / (1 + Math.exp(-f))) * weight[i]![k]!, 0),
        ),
      );
      assertClose(model.forward(x).dataSync(), want);
    });
  });

  it("R.16 learns noisy pictures in a compiled loop, and its gradient points to the class", async function () {
    this.timeout(20_000);
    const loss: training.LossFunction = ({ x, labels }, rng) =>
      objectives.noisyClassifierLoss(
        (xt: tf.Tensor4D, t) => model.forward(xt, t),
        { x: x as tf.Tensor4D, labels: labels! },
        { schedule: SCHEDULE, rng },
      );
    const batches = {
      batchSize: 32,
      batchesPerEpoch: 10,
      at: (step: number) => ({ ...examples(new Rng(step), 32), ids: new Int32Array(32) }),
    };
    const optimizer = training.adam(model.namedParameters(), { learningRate: 0.01 });
    const options = { batches, steps: 60, optimizer, rng: new Rng(5) };
    for await (const progress of training.train(model, loss, options)) assert.ok(progress.step);
    optimizer.dispose();
    tf.tidy(() => {
      const { x, labels } = examples(new Rng(1000), 100);
      const guess = model.forward(x).argMax(1).dataSync();
      const right = labels.dataSync().filter((label, i) => label === guess[i]).length;
      assert.ok(right >= 98, `${right} of 100`);
      const t = tf.fill([100], 5, "int32") as tf.Tensor1D;
      const logDensity = (xt: tf.Tensor, at: tf.Tensor1D, y?: tf.Tensor1D): tf.Tensor =>
        objectives.classLogProbability(model.forward(xt as tf.Tensor4D, at), y!);
      const gradient = diffusion.logDensityGradient(logDensity, x as tf.Tensor, t, labels);
      const along = gradient.mul(x).mean().dataSync()[0]!; // x itself points to its class
      assert.ok(along > 0, `${along}`);
      const one = x.slice([0], [1]);
      const nats = (at: tf.Tensor): tf.Tensor =>
        logDensity(at, int32(5), labels.slice([0], [1])).sum();
      assertClose(gradient.slice([0], [1]).dataSync(), finiteDifferences(nats, one), {
        absolute: 5e-3,
      });
    });
  });

  it("gives the same gradient compiled", () => {
    perturb(model);
    const logDensity = (xt: tf.Tensor, t: tf.Tensor1D, y?: tf.Tensor1D): tf.Tensor =>
      objectives.classLogProbability(model.forward(xt as tf.Tensor4D, t), y!);
    const eager = (xt: tf.Tensor, t: tf.Tensor1D, y: tf.Tensor1D): tf.Tensor =>
      diffusion.logDensityGradient(logDensity, xt, t, y);
    const graph = compile(eager);
    tf.tidy(() => {
      const inputs = [new Rng(3).normal([2, 4, 4, 1]), int32(1, 9), int32(1, 0)] as const;
      assertClose(graph(...inputs).dataSync(), eager(...inputs).dataSync(), { absolute: 1e-5 });
    });
    graph.dispose();
  });

  it("cross-entropy is −log softmax, by hand", () => {
    tf.tidy(() => {
      const logits = tf.tensor2d([[1, 2, 0.5], [-1, 0, 3]]); // prettier-ignore
      const log = (row: number[], k: number): number =>
        row[k]! - Math.log(row.reduce((sum, value) => sum + Math.exp(value), 0));
      const want = [log([1, 2, 0.5], 1), log([-1, 0, 3], 0)];
      assertClose(objectives.classLogProbability(logits, int32(1, 0)).dataSync(), want);
      assertClose(objectives.crossEntropy(logits, int32(1, 0)).dataSync(), [
        -(want[0]! + want[1]!) / 2,
      ]);
    });
  });

  it("refuses sizes that do not halve so often", () => {
    const config = { ...CONFIG, imageSize: 6, channels: [4, 4] };
    assert.throws(() => new models.Classifier(config, new Rng(1)), core.ValueError);
  });
});
