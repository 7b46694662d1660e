import { strict as assert } from "node:assert";

import { models, nn, Rng, tf } from "latentlab";

import { assertClose } from "../../support/close";
import { assertCompiles, gameOf, noisePictures } from "../../support/players";
import { perturb } from "../../support/tensors";

const CONFIG = {
  latentDim: 4,
  imageChannels: 3,
  startSize: 2,
  channels: [6, 5, 4],
  groupSize: 2,
} as const;

describe("Progressive GAN", () => {
  let generator: models.ProganGenerator;
  let discriminator: models.ProganDiscriminator;
  const growths: models.Growth[] = [];
  const grown = (stage: number, alpha = 1): models.Growth => {
    growths.push(new models.Growth(stage, alpha));
    return growths.at(-1)!;
  };

  beforeEach(() => {
    generator = new models.ProganGenerator(CONFIG, new Rng(1));
    discriminator = new models.ProganDiscriminator(CONFIG, new Rng(2));
    [generator, discriminator].forEach(perturb);
  });
  afterEach(() => {
    [generator, discriminator, ...growths.splice(0)].forEach((owner) => owner.dispose());
  });

  for (const stage of [1, 2]) {
    it(`stage ${stage} at α = 0 is the smaller network, at α = 1 the old path counts no more`, () => {
      tf.tidy(() => {
        const z = new Rng(3).normal<tf.Tensor2D>([4, 4]);
        const small = generator.forward(z, grown(stage - 1));
        const start = generator.forward(z, grown(stage, 0));
        assertClose(start.dataSync(), nn.upsampleNearest(small).dataSync(), { absolute: 1e-5 });
        const size = 2 * 2 ** stage;
        const x = new Rng(4).normal<tf.Tensor4D>([4, size, size, 3]);
        const judged = discriminator.forward(nn.averagePool(x), grown(stage - 1));
        assertClose(discriminator.forward(x, grown(stage, 0)).dataSync(), judged.dataSync(), {
          absolute: 1e-5,
        });
        const half = generator.forward(z, grown(stage, 0.5));
        const now = generator.forward(z, grown(stage));
        const mean = start.add(now).div(2);
        assertClose(half.dataSync(), mean.dataSync(), { absolute: 1e-5 });
      });
    });
  }

  it("starts at stage 0 as loops over the definition: pixel norm, dense, convolution, colours", () => {
    tf.tidy(() => {
      const z = new Rng(3).normal<tf.Tensor2D>([2, 4]);
      const weights = generator.stateDict();
      const norm = (x: tf.Tensor): tf.Tensor => x.div(x.square().mean(-1, true).add(1e-8).sqrt());
      const leaky = (x: tf.Tensor): tf.Tensor => tf.maximum(x, x.mul(0.2));
      const dense = norm(z)
        .matMul(weights["start.weight"]!.mul(Math.sqrt(2 / 4)))
        .add(weights["start.bias"]!)
        .reshape([2, 2, 2, 6]);
      const conv = (x: tf.Tensor, name: string, scale: number): tf.Tensor =>
        tf
          .conv2d(x as tf.Tensor4D, weights[`${name}.weight`]!.mul(scale) as tf.Tensor4D, 1, "same")
          .add(weights[`${name}.bias`]!);
      const hidden = norm(leaky(conv(norm(leaky(dense)), "startConv", Math.sqrt(2 / 54))));
      const want = conv(hidden, "toImage.0", Math.sqrt(1 / 6));
      assertClose(generator.forward(z, grown(0)).dataSync(), want.dataSync(), { absolute: 1e-5 });
    });
  });

  it("the discriminator compares examples: repeating one changes its verdict", () => {
    tf.tidy(() => {
      const x = new Rng(4).normal<tf.Tensor4D>([2, 4, 4, 3]);
      const first = x.slice([0, 0, 0, 0], [1, 4, 4, 3]);
      const twice = tf.concat4d([first, first], 0);
      const [among] = discriminator.forward(x, grown(1)).dataSync();
      const [repeated] = discriminator.forward(twice, grown(1)).dataSync();
      assert.ok(Math.abs(among! - repeated!) > 1e-3);
    });
  });

  it("trains as graphs exactly as op by op while α moves between runs", async () => {
    const growth = grown(1, 0.25);
    const make = () => {
      const players = {
        generator: new models.ProganGenerator(CONFIG, new Rng(1)),
        discriminator: new models.ProganDiscriminator(CONFIG, new Rng(2)),
      };
      const losses = gameOf(
        (z) => players.generator.forward(z, growth),
        (x) => players.discriminator.forward(x as tf.Tensor4D, growth),
        4,
      );
      return { players, losses };
    };
    await assertCompiles(make, noisePictures([4, 4, 4, 3], [0, 1, 2, 0]));
  });

  it("refuses a stage that it has not, and pictures of another size", () => {
    tf.tidy(() => {
      assert.throws(
        () => generator.forward(tf.zeros([1, 4]), grown(3)),
        /stage must be in \[0, 2\]/,
      );
      const x = tf.zeros<tf.Rank.R4>([2, 4, 4, 3]);
      assert.throws(() => discriminator.forward(x, grown(2)), /must have shape \[B, 8, 8, 3\]/);
    });
  });
});
