import { strict as assert } from "node:assert";

import { compile, models, Rng, tf } from "latentlab";

import { assertClose } from "../../support/close";
import { largest, perturb } from "../../support/tensors";

const TEXT = { vocabularySize: 9, maxTokens: 5, size: 8, depth: 2, numHeads: 2 };
const IMAGE = { imageSize: 8, imageChannels: 3, channels: [8, 8], size: 6, numGroups: 2 };

const tokens = (...rows: number[][]): tf.Tensor2D => tf.tensor2d(rows, undefined, "int32");

describe("TextTower", () => {
  let tower: models.TextTower;
  beforeEach(() => perturb((tower = new models.TextTower(TEXT, new Rng(1)))));
  afterEach(() => tower.dispose());

  it("pools the last word, however much padding follows", () => {
    tf.tidy(() => {
      const { tokens: features, pooled, mask } = tower.forward(tokens([3, 4, 5, 0], [6, 0, 0, 0]));
      const want = [
        ...features.slice([0, 2, 0], [1, 1, -1]).dataSync(),
        ...features.slice([1, 0, 0], [1, 1, -1]).dataSync(),
      ];
      assertClose(pooled.dataSync(), want);
      assert.deepEqual([...mask.dataSync()], [1, 1, 1, 0, 1, 0, 0, 0]);
      const short = tower.forward(tokens([3, 4, 5]));
      assertClose(short.pooled.dataSync(), pooled.slice([0], [1]).dataSync(), { absolute: 1e-5 });
    });
  });

  it("lets a word see those before it only", () => {
    tf.tidy(() => {
      const [a, b] = [tower.forward(tokens([3, 4, 5])), tower.forward(tokens([3, 4, 6]))];
      const [early, late] = tf.split(a.tokens.sub(b.tokens).abs(), [2, 1], 1);
      assert.equal(largest(early as tf.Tensor), 0);
      assert.ok(largest(late as tf.Tensor) > 1e-3);
    });
  });

  it("tells word orders apart, and says nothing for no caption", () => {
    tf.tidy(() => {
      const { pooled } = tower.forward(tokens([3, 4], [4, 3], [0, 0]));
      const [one, other, none] = tf.split(pooled, 3) as [tf.Tensor, tf.Tensor, tf.Tensor];
      assert.ok(largest(one.sub(other)) > 1e-3);
      assert.equal(largest(none), 0);
    });
  });

  it("refuses more tokens than it has positions for", () => {
    tf.tidy(() => assert.throws(() => tower.forward(tokens([1, 1, 1, 1, 1, 1])), /maxTokens/));
  });
});

describe("Clip", () => {
  it("embeds pictures and captions one by one, compiled as op by op", () => {
    const clip = new models.Clip({ image: IMAGE, text: TEXT, embeddingSize: 4 }, new Rng(1));
    tf.tidy(() => {
      const images = new Rng(2).normal<tf.Tensor4D>([2, 8, 8, 3]);
      const captions = tokens([1, 2, 0], [3, 0, 0]);
      const { image, text } = clip.forward(images, captions);
      const alone = clip.forward(images.slice([1], [1]), captions.slice([1], [1]));
      assertClose(alone.image.dataSync(), image.slice([1], [1]).dataSync(), { absolute: 1e-5 });
      assertClose(alone.text.dataSync(), text.slice([1], [1]).dataSync(), { absolute: 1e-5 });
      const run = compile((x: tf.Tensor4D, y: tf.Tensor2D) => clip.forward(x, y));
      const compiled = run(images, captions);
      run.dispose();
      assertClose(compiled.image.dataSync(), image.dataSync());
      assertClose(compiled.text.dataSync(), text.dataSync());
    });
    clip.dispose();
  });
});
