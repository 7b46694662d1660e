import { strict as assert } from "node:assert";

import { models, Rng, tf } from "latentlab";

/** What the generator starts with and the discriminator ends with: height, width and channels. */
const SIZES: Readonly<Record<string, { config: models.DcganConfig; first: readonly number[] }>> = {
  "28 is halved to 14, 7 and, rounded up, 4": {
    config: { imageShape: [28, 28, 1], latentDim: 3, channels: [6, 5, 4] },
    first: [4, 4, 6],
  },
  "7 × 10 with two colours": {
    config: { imageShape: [7, 10, 2], latentDim: 3, channels: [6, 4] },
    first: [2, 3, 6],
  },
  "one layer": { config: { imageShape: [2, 3, 1], latentDim: 2, channels: [4] }, first: [1, 2, 4] },
};

describe("DCGAN of any picture size", () => {
  for (const [name, { config, first }] of Object.entries(SIZES)) {
    it(`both players have pictures of the same sizes: ${name}`, () => {
      const { latentDim, channels, imageShape } = config;
      const rng = new Rng(1);
      const generator = new models.DcganGenerator(config, rng);
      const discriminator = new models.DcganDiscriminator(config, rng);
      const sizeOfFirst = first.reduce((product, size) => product * size);
      const start = generator.namedParameters().get("start.weight");
      assert.deepEqual(start?.shape, [latentDim, sizeOfFirst]);
      tf.tidy(() => {
        const pictures = generator.sample(2, new Rng(2));
        assert.deepEqual(pictures.shape, [2, ...imageShape]);
        assert.equal(discriminator.features(pictures).shape[1], sizeOfFirst);
        assert.deepEqual(discriminator.forward(pictures).shape, [2]);
      });
      assert.equal(first[2], channels[0]);
      generator.dispose();
      discriminator.dispose();
    });
  }

  it("every pixel of an odd size depends on the code, and D looks at every pixel", () => {
    const config = { imageShape: [7, 5, 1], latentDim: 4, channels: [6, 4], norm: "none" } as const;
    const generator = new models.DcganGenerator(config, new Rng(1));
    const discriminator = new models.DcganDiscriminator(config, new Rng(2));
    tf.tidy(() => {
      const pictures = generator.sample(64, new Rng(3));
      const spread = tf.moments(pictures, 0).variance.min().dataSync()[0]!;
      assert.ok(spread > 0);
      const slope = tf.grad((x: tf.Tensor) => discriminator.forward(x as tf.Tensor4D).sum());
      assert.ok(slope(pictures).abs().sum(0).min().dataSync()[0]! > 0);
    });
    generator.dispose();
    discriminator.dispose();
  });

  it("refuses pictures of one pixel before the last layer", () => {
    const config = { imageShape: [8, 4, 1], latentDim: 2, channels: [4, 4, 4] } as const;
    assert.throws(
      () => new models.DcganGenerator(config, new Rng(1)),
      /pictures of 8 × 4 cannot be halved 3 times/,
    );
  });
});
