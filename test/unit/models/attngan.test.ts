import { strict as assert } from "node:assert";

import { models, nn, objectives, Rng, tf, training } from "latentlab";

import { assertClose } from "../../support/close";
import { assertCompiles, judge, noisePictures, type SmallGame } from "../../support/players";
import { perturb } from "../../support/tensors";

/** A generator that is trained together with its text encoder. */
class WithText extends nn.Module {
  constructor(
    readonly generator: models.AttnganGenerator,
    readonly text: models.TextEncoder,
  ) {
    super();
  }
}

describe("AttnGAN", () => {
  const TOKENS = [
    [1, 4, 2],
    [3, 3, 0],
    [2, 0, 0],
    [1, 4, 2],
  ];
  const MASK = [
    [1, 1, 1],
    [1, 1, 0],
    [1, 0, 0],
    [1, 1, 1],
  ];
  const TEXT = { vocabularySize: 5, embeddingSize: 3, size: 4 };
  const CONFIG = {
    latentDim: 2,
    textSize: 4,
    conditionSize: 2,
    smallSize: 4,
    imageChannels: 3,
    channels: 5,
  };
  const tokens = (): tf.Tensor2D => tf.tensor2d(TOKENS, [4, 3], "int32");
  const mask = (): tf.Tensor2D => tf.tensor2d(MASK);

  it("a text's words and sentence do not depend on its padding", () => {
    const encoder = new models.TextEncoder(TEXT, new Rng(1));
    tf.tidy(() => {
      const long = encoder.forward(tokens(), mask());
      const short = encoder.forward(tf.tensor2d([[3, 3]], [1, 2], "int32"), tf.ones([1, 2]));
      assertClose(long.words.arraySync()[1]!.flat(), [...short.words.dataSync(), 0, 0, 0, 0]);
      assertClose(long.sentence.arraySync()[1]!, short.sentence.dataSync());
      // The sentence is the last state of each direction.
      const [first, last] = [short.words.arraySync()[0]![0]!, short.words.arraySync()[0]![1]!];
      assertClose(short.sentence.dataSync(), [...last.slice(0, 2), ...first.slice(2)]);
    });
    encoder.dispose();
  });

  it("the large picture follows single words, the small one only the sentence", () => {
    const generator = new models.AttnganGenerator(CONFIG, new Rng(1)).setTraining(false);
    tf.tidy(() => {
      perturb(generator);
      const words = new Rng(2).normal<tf.Tensor3D>([4, 3, 4]);
      const [z, condition] = [
        new Rng(3).normal([4, 2]),
        new Rng(4).normal([4, 2]),
      ] as tf.Tensor2D[];
      const own = generator.forward(z!, condition!, { words, mask: mask() });
      const other = generator.forward(z!, condition!, { words: words.neg(), mask: mask() });
      assertClose(own.small.dataSync(), other.small.dataSync(), { absolute: 0 });
      assert.ok(own.large.sub(other.large).abs().max().dataSync()[0]! > 1e-3);
      assert.deepEqual(own.large.shape, [4, 8, 8, 3]);
      assertClose(
        own.attention.sum(3).dataSync(),
        Array.from({ length: 64 }, () => 1),
      );
      const padded = own.attention.slice([2, 0, 0, 1], [1, 4, 4, 2]);
      assert.equal(padded.abs().max().dataSync()[0], 0);
    });
    generator.dispose();
  });

  it("trains encoders on matching pairs as one graph exactly as op by op", async () => {
    const runs = [];
    for (const compile of [true, false]) {
      const text = new models.TextEncoder(TEXT, new Rng(1));
      const config = { imageShape: [8, 8, 3], channels: [4], size: 4 } as const;
      const image = new models.ImageEncoder(config, new Rng(2));
      const optimizer = training.adam(image.namedParameters(), { epsilon: 1e-3 });
      const loss: training.LossFunction = ({ x }) => {
        const { words } = text.forward(tokens(), mask());
        const { regions } = image.forward(x as tf.Tensor4D);
        return objectives.matchingLoss(objectives.matchingScores({ words, mask: mask(), regions }));
      };
      const batches = noisePictures([4, 8, 8, 3], [0, 1, 2, 0]);
      const options = { batches, steps: 3, optimizer, rng: new Rng(1), compile };
      const losses: number[] = [];
      for await (const p of training.train(image, loss, options)) losses.push(p.loss);
      runs.push(losses);
      [text, image, optimizer].forEach((owner) => owner.dispose());
    }
    assertClose(runs[0]!, runs[1]!, { absolute: 1e-5, relative: 1e-4 });
  });

  it("trains its generator and text encoder as graphs exactly as op by op", async () => {
    const make = (): SmallGame => {
      const text = new models.TextEncoder(TEXT, new Rng(5));
      const generator = new WithText(new models.AttnganGenerator(CONFIG, new Rng(1)), text);
      const discriminator = new models.TextDiscriminator(
        { imageShape: [8, 8, 3], textSize: 4, channels: [4, 5] },
        new Rng(2),
      );
      const draw = (rng: Rng) => {
        const { words, sentence } = text.forward(tokens(), mask());
        const q = generator.generator.conditions(sentence);
        const { condition, kl } = objectives.augmentCondition(q, rng.normal([4, 2]));
        const drawn = generator.generator.forward(rng.normal([4, 2]), condition, {
          words,
          mask: mask(),
        });
        return { picture: drawn.large, kl, sentence };
      };
      return {
        players: { generator, discriminator },
        losses: {
          discriminator: ({ x }, rng) => {
            const { picture, sentence } = draw(rng);
            const real = discriminator.forward(x as tf.Tensor4D, sentence);
            return judge(real, discriminator.forward(picture, sentence));
          },
          generator: (_, rng) => {
            const { picture, kl, sentence } = draw(rng);
            const { pair } = discriminator.forward(picture, sentence);
            return objectives.generatorLoss(pair).add<tf.Scalar>(kl);
          },
        },
      };
    };
    await assertCompiles(make, noisePictures([4, 8, 8, 3], [0, 1, 2, 0]));
  });
});
