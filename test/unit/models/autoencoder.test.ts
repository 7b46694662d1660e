import { strict as assert } from "node:assert";

import { models, objectives, Rng, tf, training } from "latentlab";

import { assertClose } from "../../support/close";
import { largest } from "../../support/tensors";

const SMALL: models.AutoencoderConfig = {
  imageSize: 8,
  imageChannels: 1,
  baseChannels: 8,
  channelMultipliers: [1, 2, 2],
  numResBlocks: 1,
  latentChannels: 2,
  numGroups: 4,
};

describe("Autoencoder", () => {
  it("R.23 halves the picture at each level but the last, and learns to give it back", async () => {
    const model = new models.Autoencoder(SMALL, new Rng(1));
    const rng = new Rng(3);
    const x = tf.tidy(() => rng.uniform([16, 8, 8, 1]).greater(0.5).cast<tf.Tensor4D>("float32"));
    const batches = {
      batchSize: 16,
      batchesPerEpoch: 1,
      at: () => ({ x: x.clone(), ids: new Int32Array(16) }),
    };
    const error = (): number =>
      tf.tidy(() => model.reconstruct(x).sub(x).square().mean().dataSync()[0] as number);
    tf.tidy(() => assert.deepEqual(model.encode(x).mean.shape, [16, 2, 2, 2]));
    const optimizer = training.adam(model.namedParameters(), { learningRate: 3e-3 });
    const loss: training.LossFunction = ({ x: pictures }, draws) =>
      objectives.firstStageLoss(model, pictures as tf.Tensor4D, draws.normal([16, 2, 2, 2]), {
        klWeight: 1e-4,
        error: "l2",
      }).loss;
    const before = error();
    const run = training.train(model, loss, { batches, steps: 100, optimizer, rng });
    for await (const { loss: present } of run) assert.ok(Number.isFinite(present));
    assert.ok(error() < before / 3, `${error()} after ${before}`);
    optimizer.dispose();
    x.dispose();
    model.dispose();
  });
});

describe("PatchDiscriminator", () => {
  it("judges each place by what is near it", () => {
    const judge = new models.PatchDiscriminator(
      { imageChannels: 1, baseChannels: 4, depth: 2 },
      new Rng(1),
    );
    tf.tidy(() => {
      const x = new Rng(2).normal<tf.Tensor4D>([1, 32, 32, 1]);
      const corner = tf.ones([1, 4, 4, 1]).pad([
        [0, 0],
        [0, 28],
        [0, 28],
        [0, 0],
      ]);
      const change = judge.forward(x.add(corner)).sub(judge.forward(x)).abs(); // (1, 8, 8, 1)
      assert.deepEqual(change.shape, [1, 8, 8, 1]);
      assert.ok(largest(change.slice([0, 0, 0, 0], [1, 2, 2, 1])) > 1e-3);
      assert.equal(largest(change.slice([0, 4, 0, 0], [1, 4, 8, 1])), 0);
    });
    judge.dispose();
  });
});

describe("first-stage loss", () => {
  /** Encodes x as mean 2x, variance ¼; decodes by adding 1. */
  const STAGE: objectives.FirstStage = {
    encode: (x) => ({ mean: x.mul(2), logVar: tf.fill(x.shape, Math.log(0.25)) }),
    decode: (z) => z.add(1),
  };

  it("R.23 is the error, the weighted KL and the distance in features, summed over pixels", () => {
    const [x, noise] = [
      [0.5, -1, 0.25, 2],
      [1, 0.5, -1, 2],
    ] as const;
    const decoded = x.map((value, i) => 2 * value + 0.5 * (noise[i] as number) + 1);
    const l1 = decoded.reduce((sum, value, i) => sum + Math.abs(value - (x[i] as number)), 0);
    const kl = x.reduce(
      (sum, value) => sum + (4 * value * value + 0.25 - 1 - Math.log(0.25)) / 2,
      0,
    );
    const seen = decoded.reduce((sum, value, i) => {
      const [a, b] = [Math.sign(value), Math.sign(x[i] as number)]; // one channel, normalised
      return sum + (a - b) ** 2 / 4;
    }, 0);
    tf.tidy(() => {
      const [images, draws] = [
        tf.tensor4d([...x], [1, 2, 2, 1]),
        tf.tensor4d([...noise], [1, 2, 2, 1]),
      ];
      const parts = objectives.firstStageLoss(STAGE, images, draws, {
        klWeight: 0.3,
        perceptual: { features: (pictures) => [pictures], weight: 2 },
      });
      const value = (part: tf.Tensor): number => part.dataSync()[0] as number;
      assertClose([value(parts.reconstruction)], [l1]);
      assertClose([value(parts.kl)], [kl]);
      assertClose([value(parts.perceptual)], [seen]);
      assertClose([value(parts.loss)], [l1 + 0.3 * kl + 2 * seen]);
    });
  });
});
