import { strict as assert } from "node:assert";

import { models, Rng, tf } from "latentlab";

import { assertClose } from "../../support/close";
import { perturb } from "../../support/tensors";

const CONFIG = { latentDim: 3, size: 2, width: 4, depth: 2 } as const;

describe("GAN of points", () => {
  it("a packed discriminator is a plain one of points side by side, by loops", () => {
    const discriminator = new models.PointDiscriminator({ ...CONFIG, packing: 2 }, new Rng(1));
    tf.tidy(() => {
      perturb(discriminator);
      const points = [
        [1, -0.5],
        [0.25, 2],
        [-1, 0.5],
        [3, 1],
      ];
      const weights = discriminator.stateDict();
      const dense = (layer: string, x: readonly number[]): number[] => {
        const weight = weights[`${layer}.weight`]!.arraySync() as number[][];
        const bias = weights[`${layer}.bias`]!.dataSync();
        return Array.from(bias, (b, j) => x.reduce((sum, v, i) => sum + v * weight[i]![j]!, b));
      };
      const leaky = (x: readonly number[]): number[] => x.map((v) => Math.max(v, 0.2 * v));
      const want = [0, 2].map((i) => {
        const first = leaky(dense("layers.0", [...points[i]!, ...points[i + 1]!]));
        return dense("out", leaky(dense("last", first)))[0]!;
      });
      assertClose(discriminator.forward(tf.tensor2d(points)).dataSync(), want, { absolute: 1e-5 });
      assert.throws(() => discriminator.forward(tf.zeros([3, 2])), /do not divide into packs of 2/);
    });
    discriminator.dispose();
  });

  it("one that compares points judges a point by its company", () => {
    const discriminator = new models.PointDiscriminator({ ...CONFIG, groupSize: 2 }, new Rng(1));
    tf.tidy(() => {
      const verdictOn = (other: number): number =>
        discriminator
          .forward(
            tf.tensor2d([
              [1, 2],
              [other, 2],
            ]),
          )
          .dataSync()[0]!;
      assert.ok(Math.abs(verdictOn(1) - verdictOn(5)) > 1e-3);
    });
    discriminator.dispose();
  });
});
