import { strict as assert } from "node:assert";

import { metrics, objectives, Rng, tf } from "latentlab";

import { assertClose } from "../../support/close";

const value = (x: tf.Tensor): number => x.dataSync()[0] as number;

/** Mean of −log of the share of (i, i) in row i, from plain cosines. */
function byHand(a: number[][], b: number[][], scale: number): number {
  const cosine = (x: number[], y: number[]): number => {
    const dot = (u: number[], v: number[]): number =>
      u.reduce((sum, entry, i) => sum + entry * (v[i] as number), 0);
    return dot(x, y) / Math.sqrt(dot(x, x) * dot(y, y));
  };
  const losses = a.map((row, i) => {
    const weights = b.map((other) => Math.exp(scale * cosine(row, other)));
    return -Math.log((weights[i] as number) / weights.reduce((sum, w) => sum + w, 0));
  });
  return losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
}

describe("contrastive loss", () => {
  it("is the mean of the cross-entropies of both sides, worked out pair by pair", () => {
    tf.tidy(() => {
      const [image, text] = [new Rng(1).normal([5, 3]), new Rng(2).normal([5, 3])] as tf.Tensor2D[];
      const [a, b] = [image!.arraySync(), text!.arraySync()] as number[][][];
      const { loss, imageToText, textToImage } = objectives.contrastiveLoss(
        image!,
        text!,
        tf.scalar(Math.log(4)),
      );
      const [forth, back] = [byHand(a!, b!, 4), byHand(b!, a!, 4)];
      assertClose([value(imageToText), value(textToImage)], [forth, back]);
      assertClose([value(loss)], [(forth + back) / 2]);
    });
  });

  it("is log N where nothing is known", () => {
    tf.tidy(() => {
      const same = tf.ones<tf.Rank.R2>([8, 3]);
      const { loss } = objectives.contrastiveLoss(same, same, tf.scalar(0));
      assertClose([value(loss)], [Math.log(8)]);
    });
  });
});

describe("recallAt", () => {
  it("counts queries whose answer is among the k closest", () => {
    const similarity = tf.tensor2d([
      [0.9, 0.1, 0.2],
      [0.8, 0.3, 0.5],
      [0.1, 0.7, 0.6],
    ]);
    const recall = (k: number): number => metrics.recallAt(similarity, k);
    assertClose([recall(1), recall(2), recall(3)], [1 / 3, 2 / 3, 1]);
    assert.equal(
      metrics.recallAt(similarity, 1, () => true),
      1,
    );
    similarity.dispose();
  });
});
