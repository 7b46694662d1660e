import { strict as assert } from "node:assert";
import { readFileSync } from "node:fs";

import { data, metrics, models, pipelines, Rng, tf } from "latentlab";

const N = 200;

describe("the course's digits", () => {
  const parts = pipelines.digitParts();
  const isMnist = parts.train.name.startsWith("MNIST");

  it("hold out digits that are not among those to train on", () => {
    const sets = [parts.train, parts.reference, parts.other].map(
      (part) =>
        new Set(
          Array.from({ length: part.count }, (_, i) =>
            Buffer.from(part.images.slice(784 * i, 784 * (i + 1)).buffer).toString("base64"),
          ),
        ),
    );
    const [train, reference, other] = sets as [Set<string>, Set<string>, Set<string>];
    assert.ok([...reference].every((digit) => !train.has(digit) && !other.has(digit)));
    assert.ok([...other].every((digit) => !train.has(digit)));
    assert.ok(parts.reference.imageShape.every((size, i) => size === [28, 28, 1][i]));
  });

  it("have a judge that knows classes, and real digits from noise", function () {
    if (!isMnist) this.skip();
    const judge = pipelines.loadDigitJudge();
    const { x, labels } = data.examplesAt(
      parts.other,
      Int32Array.from({ length: N }, (_, i) => i),
      { range: "signed" },
    );
    const noise = new Rng(1).normal<tf.Tensor4D>([N, 28, 28, 1]);
    const accuracy = judge.accuracy(x, Array.from(labels!.dataSync()));
    const recorded = JSON.parse(
      readFileSync(`${pipelines.checkpointPath("digit-classifier")}.json`, "utf8"),
    ) as { heldOutAccuracy: number };
    const error = Math.sqrt((recorded.heldOutAccuracy * (1 - recorded.heldOutAccuracy)) / N);
    assert.ok(Math.abs(accuracy - recorded.heldOutAccuracy) < 4 * error, `accuracy ${accuracy}`);
    assert.ok(judge.frechet(x) < 2 * judge.floor(N));
    assert.ok(judge.frechet(noise) > 5 * judge.floor(N));
    tf.dispose([x, labels!, noise]);
    judge.dispose();
  });

  it("are scored as the classifier's moments say", () => {
    const classifier = new models.Classifier(models.CLASSIFIER_PRESETS["digits-28"], new Rng(2));
    const few = { reference: parts.reference.take(120), other: parts.other.take(60) };
    const judge = new pipelines.DigitJudge(classifier, few);
    const all = (part: data.ImageDataset): tf.Tensor4D =>
      data.examplesAt(
        part,
        Int32Array.from({ length: part.count }, (_, i) => i),
        {
          range: "signed",
        },
      ).x;
    const [distance, floor] = tf.tidy(() => {
      const [reference, other] = [all(few.reference), all(few.other)];
      const moments = [reference, other].map((x) => metrics.featureMoments(classifier.features(x)));
      const [a, b] = moments as [(typeof moments)[number], (typeof moments)[number]];
      return [metrics.frechetDistance(b, a), judge.frechet(other)] as never;
    }) as [number, number];
    assert.ok(Math.abs(judge.floor(60) - distance) < 1e-3 * distance);
    assert.ok(Math.abs(floor - distance) < 1e-3 * distance);
    judge.dispose();
  });

  it("have a class balance, which twos alone upset", function () {
    if (!isMnist) this.skip();
    const few = { reference: parts.reference.take(300), other: parts.other.take(300) };
    const judge = new pipelines.DigitJudge(pipelines.loadDigitClassifier(), few);
    const labels = Array.from(few.reference.labels ?? []);
    const twos = labels.flatMap((label, i) => (label === 2 ? [i] : []));
    const { x, labels: same } = data.examplesAt(few.reference, Int32Array.from(twos), {
      range: "signed",
    });
    const imbalance = judge.imbalance(x);
    assert.ok(Math.abs(imbalance - (1 - twos.length / labels.length)) < 0.05, `${imbalance}`);
    const { mean, deviation } = judge.imbalanceFloor(N, new Rng(3));
    const all = [...labels, ...(few.other.labels ?? [])];
    assert.ok(Math.abs(mean - chanceImbalance(all, N)) < 0.005, `${mean} ± ${deviation}`);
    tf.dispose([x, same!]);
    judge.dispose();
  });
});

/** Of n drawn labels against the rest: each share is off by a normal deviate of its variance. */
function chanceImbalance(labels: readonly number[], n: number): number {
  return Array.from({ length: 10 }, (_, k) => {
    const p = labels.filter((label) => label === k).length / labels.length;
    const variance = (p * (1 - p) * labels.length) / (n * (labels.length - n));
    return Math.sqrt((2 * variance) / Math.PI) / 2;
  }).reduce((sum, part) => sum + part);
}
