import { strict as assert } from "node:assert";

import { models, objectives, Rng, tf } from "latentlab";

import { assertClose } from "../../support/close";
import { assertCompiles, judge, noisePictures, type SmallGame } from "../../support/players";
import { perturb } from "../../support/tensors";

/** Text vectors of three captions. */
const TEXTS = [
  [1, 0.5, -1],
  [0, -2, 0.25],
  [0.75, 1, 1],
];
const LABELS = [0, 1, 2, 0];

const texts = (): tf.Tensor2D => tf.tensor2d(LABELS.map((label) => TEXTS[label]!));

const DISCRIMINATOR = { textSize: 3, channels: [4, 5], hiddenSize: 2 } as const;

describe("StackGAN", () => {
  const STAGE_ONE = {
    imageShape: [8, 8, 3],
    latentDim: 2,
    channels: [6, 4],
    textSize: 3,
    conditionSize: 2,
  } as const;
  const STAGE_TWO = { imageChannels: 3, textSize: 3, conditionSize: 2, channels: 4 };

  it("STACKGAN.2 a text's Gaussian is two dense layers of it", () => {
    const augmentation = new models.ConditioningAugmentation(3, 2, new Rng(1));
    tf.tidy(() => {
      perturb(augmentation);
      const weights = augmentation.stateDict();
      const { mean, logVar } = augmentation.forward(tf.tensor2d([TEXTS[0]!]));
      for (const [name, got] of Object.entries({ mean, logVar })) {
        const weight = weights[`${name}.weight`]!.arraySync() as number[][];
        const bias = weights[`${name}.bias`]!.dataSync();
        const want = [0, 1].map((k) =>
          TEXTS[0]!.reduce((sum, x, i) => sum + x * weight[i]![k]!, bias[k]!),
        );
        assertClose(got.dataSync(), want);
      }
    });
    augmentation.dispose();
  });

  it("R.5 the discriminator's first logit depends on the text, the second does not", () => {
    const config = { ...DISCRIMINATOR, imageShape: [8, 8, 3] } as const;
    const discriminator = new models.TextDiscriminator(config, new Rng(1)).setTraining(false);
    tf.tidy(() => {
      const x = new Rng(2).normal<tf.Tensor4D>([4, 8, 8, 3]);
      const [own, other] = [
        discriminator.forward(x, texts()),
        discriminator.forward(x, texts().neg()),
      ];
      assertClose(own.alone.dataSync(), other.alone.dataSync(), { absolute: 0 });
      const [a, b] = [own.pair.dataSync(), other.pair.dataSync()];
      assert.ok(a.every((logit, i) => Math.abs(logit - b[i]!) > 1e-4));
    });
    discriminator.dispose();
  });

  it("stage II doubles the picture, and depends on the small picture and on the condition", () => {
    const generator = new models.StageTwoGenerator(STAGE_TWO, new Rng(1)).setTraining(false);
    tf.tidy(() => {
      const small = new Rng(2).uniform<tf.Tensor4D>([2, 4, 4, 3], -1, 1);
      const condition = tf.zeros<tf.Rank.R2>([2, 2]);
      const before = generator.forward(small, condition);
      assert.deepEqual(before.shape, [2, 8, 8, 3]);
      const changed = small.add(tf.oneHot(tf.tensor1d([0], "int32"), 3).reshape([1, 1, 1, 3]));
      const after = generator.forward(changed as tf.Tensor4D, condition);
      assert.ok(after.sub(before).abs().max().dataSync()[0]! > 1e-3);
      const told = generator.forward(small, tf.ones([2, 2]));
      assert.ok(told.sub(before).abs().max().dataSync()[0]! > 1e-3);
    });
    generator.dispose();
  });

  it("trains stage I and, on top of it, stage II as graphs exactly as op by op", async () => {
    const stageOne = new models.StageOneGenerator(STAGE_ONE, new Rng(3));
    const sampled = (
      of: { conditions(text: tf.Tensor2D): ReturnType<models.StageOneGenerator["conditions"]> },
      rng: Rng,
    ) => objectives.augmentCondition(of.conditions(texts()), rng.normal([4, 2]));
    const first = (generator: models.StageOneGenerator, rng: Rng) => {
      const { condition, kl } = sampled(generator, rng);
      return { picture: generator.forward(rng.normal([4, 2]), condition), kl };
    };
    const one = (): SmallGame => {
      const generator = new models.StageOneGenerator(STAGE_ONE, new Rng(1));
      const config = { ...DISCRIMINATOR, imageShape: [8, 8, 3] } as const;
      const discriminator = new models.TextDiscriminator(config, new Rng(2));
      return gameOfPictures({ generator, discriminator }, (rng) => first(generator, rng));
    };
    const two = (): SmallGame => {
      const generator = new models.StageTwoGenerator(STAGE_TWO, new Rng(1));
      const config = { ...DISCRIMINATOR, imageShape: [16, 16, 3] } as const;
      const discriminator = new models.TextDiscriminator(config, new Rng(2));
      return gameOfPictures({ generator, discriminator }, (rng) => {
        const { condition, kl } = sampled(generator, rng);
        return { picture: generator.forward(first(stageOne, rng).picture, condition), kl };
      });
    };
    stageOne.setTraining(false);
    await assertCompiles(one, noisePictures([4, 8, 8, 3], LABELS));
    await assertCompiles(two, noisePictures([4, 16, 16, 3], LABELS));
    stageOne.dispose();
  });
});

type Drawn = { readonly picture: tf.Tensor4D; readonly kl: tf.Scalar };

/** A game of a text discriminator and whatever draws pictures of `texts()`. */
function gameOfPictures(
  players: SmallGame["players"] & { readonly discriminator: models.TextDiscriminator },
  draw: (rng: Rng) => Drawn,
): SmallGame {
  const { discriminator } = players;
  return {
    players,
    losses: {
      discriminator: ({ x }, rng) =>
        judge(
          discriminator.forward(x as tf.Tensor4D, texts()),
          discriminator.forward(draw(rng).picture, texts()),
        ),
      generator: (_, rng) => {
        const { picture, kl } = draw(rng);
        const { pair, alone } = discriminator.forward(picture, texts());
        const { generatorLoss } = objectives;
        return generatorLoss(pair).add(generatorLoss(alone)).add<tf.Scalar>(kl);
      },
    },
  };
}
