import { strict as assert } from "node:assert";
import { readdirSync, statSync } from "node:fs";

import { type core, data, models, type nn, pipelines, Rng, tf, training } from "latentlab";

import { assertClose } from "../../support/close";
import { drawTruth } from "../../support/drawn";

const CHECKPOINTS = "datasets/checkpoints";

function softplus(x: number): number {
  return Math.log1p(Math.exp(x));
}

function mean(values: ArrayLike<number>, of: (value: number) => number): number {
  return Array.from(values, of).reduce((sum, value) => sum + value, 0) / values.length;
}

describe("text-to-image GANs of the course", () => {
  it("textToImageAccuracy gives 1 to the truth, less to the truth of other captions", () => {
    const options = { split: "unseen", count: 20 } as const;
    const right = pipelines.textToImageAccuracy(drawTruth, { ...options, rng: new Rng(1) });
    assert.deepEqual([right.n, right.exactAccuracy], [20, 1]);
    const reversed = (captions: readonly string[]): core.Images =>
      drawTruth([...captions].reverse());
    const wrong = pipelines.textToImageAccuracy(reversed, { ...options, rng: new Rng(1) });
    assert.ok(wrong.attributeAccuracy < 0.8 && wrong.exactAccuracy < 0.3);
  });

  it("R.5 the discriminator's loss is that of right, mismatched and generated pairs, and of pictures alone", () => {
    const encoders = new pipelines.CaptionEncoders(new Rng(1));
    const net = new pipelines.AttnGan(encoders.size, new Rng(2));
    const { players, losses } = net.game(encoders, new Rng(3));
    const modules: nn.Module[] = [encoders, net, players.discriminator];
    const set = data.captionedShapes({ split: "train", count: 4, size: 32, seed: 1 });
    const batch = set.batchAt(Int32Array.of(0, 1, 2, 3));
    modules.forEach((module) => module.setTraining(false)); // batch and spectral norm stand still
    const { bySize } = players.discriminator as unknown as {
      bySize: models.TextDiscriminator[];
    };
    tf.tidy(() => {
      const found = losses.discriminator(batch, new Rng(4)) as tf.Scalar;
      const text = encoders.encode(batch.tokens);
      const drawn = net.draw(text, new Rng(4));
      const small = tf.avgPool(batch.x, 2, 2, "valid");
      const nextSentence = tf.gather(text.sentence, [1, 2, 3, 0]);
      const pairs = [
        [small, drawn.small],
        [batch.x, drawn.large],
      ] as const;
      const want = pairs.map(([real, fake], level) => {
        const verdict = (x: core.Images, sentence: tf.Tensor2D): [Float32Array, Float32Array] => {
          const { pair, alone } = bySize[level]!.forward(x, sentence);
          return [pair.mul(10).dataSync<"float32">(), alone.mul(10).dataSync<"float32">()];
        };
        const [right, real1] = verdict(real, text.sentence);
        const [wrong] = verdict(real, nextSentence);
        const [made, fake1] = verdict(fake, text.sentence);
        const asReal = (logits: Float32Array): number => mean(logits, (v) => softplus(-v));
        const asFake = (logits: Float32Array): number => mean(logits, softplus);
        return asReal(right) + (asFake(wrong) + asFake(made)) / 2 + asReal(real1) + asFake(fake1);
      });
      assertClose(found.dataSync(), [want[0]! + want[1]!], { relative: 1e-4 });
    });
    tf.dispose([batch.x, batch.tokens]);
    modules.forEach((module) => module.dispose());
  });

  it("a round of each game changes its own generator and nothing else", async () => {
    const encoders = new pipelines.CaptionEncoders(new Rng(1));
    const net = new pipelines.StackGan(encoders.size, new Rng(2));
    const set = data.captionedShapes({ split: "train", count: 4, size: 32, seed: 1 });
    const { players, losses } = net.gameOf(2, encoders, new Rng(3));
    const sums = (module: nn.Module): number =>
      tf.tidy(() =>
        [...module.namedParameters().values()].reduce(
          (sum, weight) => sum + (weight.abs().sum().dataSync()[0] as number),
          0,
        ),
      );
    const before = [encoders, net.stageOne, net.stageTwo].map(sums);
    const optimizers = {
      generator: training.adam(players.generator.namedParameters()),
      discriminator: training.adam(players.discriminator.namedParameters()),
    };
    const options = { steps: 1, optimizers, rng: new Rng(4), compile: false };
    const batches = data.captionBatches(set, { batchSize: 4, seed: 1 });
    for await (const { generator } of training.trainGan(players, losses, { ...options, batches })) {
      assert.ok(Number.isFinite(generator.loss));
    }
    const after = [encoders, net.stageOne, net.stageTwo].map(sums);
    assert.deepEqual(after.slice(0, 2), before.slice(0, 2));
    assert.notEqual(after[2], before[2]);
    for (const owner of [encoders, net, players.discriminator, ...Object.values(optimizers)]) {
      owner.dispose();
    }
  });

  it("growProgan goes through the sizes, fades each in from 0 to 1, and leaves no tensor", async () => {
    const config = { latentDim: 2, imageChannels: 1, startSize: 4, channels: [4, 4] };
    const generator = new models.ProganGenerator(config, new Rng(1));
    const at = (): core.ExampleBatch => ({ x: tf.ones([4, 8, 8, 1]), ids: new Int32Array(4) });
    const batches = { batchSize: 4, batchesPerEpoch: 1, at };
    const seen: [number, number][] = [];
    const options = { batches, rounds: [1, 4], rng: new Rng(2), compile: false };
    for await (const { stage, alpha } of pipelines.growProgan(generator, options)) {
      seen.push([stage, alpha]);
    }
    assert.deepEqual(seen, [[0, 1], [1, 0.5], [1, 1], [1, 1], [1, 1]]); // prettier-ignore
    generator.dispose();
  });
});

describe("attention against masks", () => {
  const caption = data.parseCaption("a small red circle above a large blue square");

  it("gives 1 to the masks themselves, ⅓ to a map that is half right, and leaves relations out", () => {
    const words = data.captionWords(caption).length;
    const place = (group: number): number[] => (group === 0 ? [1, 1, 0, 0] : [0, 0, 1, 1]);
    const masks = Array.from({ length: words }, (_, w) => place(w < 4 ? 0 : 1));
    masks[4] = [1, 1, 1, 1];
    const off = [0.9, 0.1, 0.8, 0.2]; // its two strongest places: one right, one wrong
    const maps = masks.map((mask, w) => (w === 2 ? off : mask));
    const tensor = (rows: number[][]): tf.Tensor4D => tf.tensor4d(rows.flat(), [1, words, 2, 2]);
    const [map, mask] = [tensor(maps), tensor(masks)];
    const found = pipelines.wordIous(map, mask, { captions: [caption], rng: new Rng(1) });
    tf.dispose([map, mask]);
    const roles = ["count", "size", "colour", "shape"];
    assert.deepEqual(
      found.map(({ role }) => role),
      [...roles, ...roles],
    );
    assertClose(
      found.map(({ iou }) => iou),
      [1, 1, 1 / 3, 1, 1, 1, 1, 1],
    );
    assert.ok(found.some(({ shuffled }) => shuffled < 1));
  });

  it("finds the masks of a picture by its colours: those of the scene, or none if a colour is missing", () => {
    const scene = data.sampleScene(caption, new Rng(3));
    const picture = (objects: readonly data.ShapeObject[]): Float32Array =>
      Float32Array.from(data.drawObjects(objects, 32), (byte) => byte / 255);
    const found = data.foundWordMasks(picture(data.sceneObjects(scene)), 32, caption);
    const want = data.wordMasks(scene, 32);
    want.forEach((mask, w) => assertClose(found![w]!, mask, { absolute: 0.03 }));
    assert.equal(data.foundWordMasks(picture(scene.groups[0]!), 32, caption), undefined);
  });
});

/** Stage I of a network that has no other. */
function stageAtOnce(rng: Rng): nn.Module {
  const { stageOne, stageTwo } = new pipelines.StackGan(32, rng, { firstSize: 32 });
  stageTwo.dispose();
  return stageOne;
}

/** What a checkpoint's name starts with, and the network of such names. */
const NETWORKS: readonly (readonly [string, (rng: Rng) => nn.Module])[] = [
  ["caption-encoders", (rng) => new pipelines.CaptionEncoders(rng)],
  ["stackgan-at-once", stageAtOnce],
  ["stackgan", (rng) => new pipelines.StackGan(32, rng)],
  ["attngan", (rng) => new pipelines.AttnGan(32, rng)],
  ["progan", (rng) => new models.ProganGenerator(pipelines.PROGAN_SHAPES, rng)],
];

describe("checkpoints of the course", () => {
  const names = readdirSync(CHECKPOINTS)
    .filter((name) => /^(caption-encoders|stackgan|attngan|progan).*\.safetensors$/.test(name))
    .map((name) => name.replace(".safetensors", ""));

  it("are small, say how they were made, fit their networks, and come from the training captions", () => {
    assert.ok(names.length >= 9, names.join());
    for (const name of names) {
      const [, newModel] = NETWORKS.find(([start]) => name.startsWith(start))!;
      const model = newModel(new Rng(1));
      const made = pipelines.loadCourseWeights(name, model);
      model.dispose();
      assert.equal(made.trainingCaptions, data.splitHash("train"));
      assert.ok(made.seconds > 0 && made.steps > 0 && made.device !== "");
      assert.ok(statSync(`${CHECKPOINTS}/${name}.safetensors`).size <= 2 ** 20);
    }
    const encoders = new pipelines.CaptionEncoders(new Rng(1));
    assert.throws(() => pipelines.loadCourseWeights("none", encoders), {
      name: "DataMissingError",
      message: /train:gans/,
    });
    encoders.dispose();
  });
});
