import { strict as assert } from "node:assert";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { core, data, models, nn, objectives, Rng, tf, training } from "latentlab";

import { assertClose } from "../../support/close";

interface Setup {
  readonly players: training.Players<nn.Module>;
  readonly losses: training.Players<training.LossFunction>;
  readonly options: training.GanOptions;
  /** Everything that training changes, as numbers. */
  values(): number[];
  dispose(): void;
}

/** A game of two players given as functions, with optimisers and an average. */
function setup(
  players: training.Players<nn.Module>,
  game: objectives.GanGame,
  batches: core.BatchSource,
  changes: Partial<training.GanOptions & objectives.GanGameOptions> = {},
): Setup {
  const { generator, discriminator } = players;
  const optimizers = {
    generator: training.adam(generator.namedParameters(), { learningRate: 1e-2, beta1: 0.5 }),
    discriminator: training.adam(discriminator.namedParameters(), { learningRate: 2e-2 }),
  };
  const ema = new training.Ema(generator, { decay: 0.9 });
  const options = { batches, steps: 4, optimizers, ema, rng: new Rng(9), ...changes };
  const owners = [generator, discriminator, ema, ...Object.values(optimizers)];
  return {
    players,
    losses: objectives.ganLosses(game, changes),
    options,
    values: () =>
      [
        generator.stateDict(),
        discriminator.stateDict(),
        optimizers.generator.state().slots,
        optimizers.discriminator.state().slots,
        ema.state().averages,
      ].flatMap((state) => Object.values(state).flatMap((tensor) => [...tensor.dataSync()])),
    dispose: () => owners.forEach((owner) => owner.dispose()),
  };
}

function pointGame(changes: Partial<training.GanOptions & objectives.GanGameOptions> = {}): Setup {
  const rng = new Rng(1);
  const generator = new nn.Mlp([2, 8, 2], rng);
  const discriminator = new nn.Mlp([2, 8, 1], rng, { weightMap: nn.spectralNorm() });
  const batches = data.toyBatches(data.ring8(), { batchSize: 16, seed: 3 });
  const game = {
    latentDim: 2,
    generate: (z: tf.Tensor2D) => generator.forward(z),
    discriminate: (x: tf.Tensor) => discriminator.forward(x),
  };
  return setup({ generator, discriminator }, game, batches, changes);
}

/** One side is odd, so that halving rounds it up. */
const PICTURE = { imageShape: [7, 8, 1], latentDim: 3, channels: [6, 4] } as const;

/** Pictures of noise, with labels 0…2. */
const pictures: core.BatchSource = {
  batchSize: 6,
  batchesPerEpoch: 10,
  at: (step) => ({
    x: new Rng(step + 50).uniform([6, 7, 8, 1], -1, 1),
    labels: tf.tensor1d([0, 1, 2, 0, 1, 2], "int32"),
    ids: Int32Array.from({ length: 6 }, (_, i) => i),
  }),
};

function dcganGame(changes: Partial<training.GanOptions> = {}): Setup {
  const generator = new models.DcganGenerator(PICTURE, new Rng(1));
  const discriminator = new models.DcganDiscriminator(PICTURE, new Rng(2));
  const game = {
    latentDim: 3,
    generate: (z: tf.Tensor2D) => generator.forward(z),
    discriminate: (x: tf.Tensor) => discriminator.forward(x as tf.Tensor4D),
  };
  return setup({ generator, discriminator }, game, pictures, changes);
}

function cganGame(changes: Partial<training.GanOptions> = {}): Setup {
  const config = { ...PICTURE, numClasses: 3, labelSize: 2, norm: "spectral" } as const;
  const generator = new models.CganGenerator(config, new Rng(1));
  const discriminator = new models.CganDiscriminator(config, new Rng(2));
  const game: objectives.GanGame = {
    latentDim: 3,
    generate: (z, labels) => generator.forward(z, labels!),
    discriminate: (x, labels) => discriminator.forward(x as tf.Tensor4D, labels!),
  };
  return setup({ generator, discriminator }, game, pictures, changes);
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

function play({ players, losses, options }: Setup): AsyncGenerator<training.GanProgress> {
  return training.trainGan(players, losses, options);
}

const GAMES: Readonly<Record<string, (changes: Partial<training.GanOptions>) => Setup>> = {
  "points, spectral norm, gradient penalty and R1": (changes) =>
    pointGame({ ...changes, loss: "hinge", gradientPenalty: 1, r1: 0.5, criticSteps: 2 }),
  DCGAN: dcganGame,
  CGAN: cganGame,
};

describe("trainGan", () => {
  for (const [name, make] of Object.entries(GAMES)) {
    it(`R.4, R.5 as graphs exactly as op by op: ${name}`, async () => {
      const runs = [];
      for (const isCompiled of [true, false]) {
        const game = make({ compile: isCompiled });
        let progress: training.GanProgress[] = [];
        const leaked = await core.countLeaks(async () => {
          progress = await collect(play(game));
        });
        assert.equal(leaked, 0);
        const losses = progress.flatMap((p) => [p.discriminator.loss, p.generator.loss]);
        runs.push({ losses, values: game.values() });
        game.dispose();
      }
      const [compiled, eager] = [runs[0]!, runs[1]!];
      assertClose(compiled.losses, eager.losses, { absolute: 1e-5, relative: 1e-4 });
      assertClose(compiled.values, eager.values, { absolute: 2e-4, relative: 1e-3 });
    });
  }

  it("R.4 is algorithm 1: k steps of D on batches of their own, then one of G, by hand", async () => {
    const [game, hand] = [pointGame({ criticSteps: 2, steps: 2 }), pointGame()];
    await collect(play(game));
    const { optimizers, batches, ema, rng } = hand.options;
    const step = (player: keyof training.Players<unknown>, batch: core.ExampleBatch): void => {
      const { gradients, values } = training.lossAndGradients(
        hand.players[player].namedParameters(),
        () => hand.losses[player](batch, rng),
      );
      optimizers[player].apply(gradients);
      tf.dispose([values, ...gradients.values(), batch.x]);
    };
    for (const round of [0, 1]) {
      step("discriminator", batches.at(2 * round));
      step("discriminator", batches.at(2 * round + 1));
      step("generator", batches.at(2 * round + 1));
      ema!.update();
    }
    assertClose(game.values(), hand.values(), { absolute: 1e-5, relative: 1e-4 });
    [game, hand].forEach((owner) => owner.dispose());
  });

  it("batch norm sees real and fake batches apart, and its running moments take in each", async () => {
    const game = dcganGame({ steps: 1 });
    const discriminator = game.players.discriminator as models.DcganDiscriminator;
    const generator = game.players.generator as models.DcganGenerator;
    const norm = (discriminator as unknown as { norms: nn.BatchNorm[] }).norms[0]!;
    const seen: number[][] = [];
    const { forward } = norm;
    norm.forward = function <T extends tf.Tensor>(x: T): T {
      seen.push(tf.tidy(() => [...x.mean([0, 1, 2]).dataSync()]));
      return forward.call(norm, x) as T;
    };
    await collect(play({ ...game, options: { ...game.options, compile: false } }));
    assert.equal(seen.length, 3, "real and fake of D's step, fake of G's step");
    const want = seen[0]!.map((_, c) =>
      seen.reduce((running, means) => 0.9 * running + 0.1 * means[c]!, 0),
    );
    assertClose(norm.runningMean.dataSync(), want, { absolute: 1e-6 });
    assert.ok(generator.isTraining && discriminator.isTraining);
    game.dispose();
  });

  it("goes on from a checkpoint as if it had not stopped", async () => {
    const folder = mkdtempSync(join(tmpdir(), "gan-"));
    const checkpoint = { folder, resume: true };
    const [whole, first, second] = [pointGame(), pointGame(), pointGame()];
    await collect(play(whole));
    await collect(play({ ...first, options: { ...first.options, steps: 2, checkpoint } }));
    const progress = await collect(play({ ...second, options: { ...second.options, checkpoint } }));
    assert.deepEqual(
      progress.map(({ step }) => step),
      [3, 4],
    );
    assertClose(second.values(), whole.values(), { absolute: 0, relative: 0 });
    [whole, first, second].forEach((owner) => owner.dispose());
    rmSync(folder, { recursive: true });
  });

  it("refuses a checkpoint of other players and then changes nothing", async () => {
    const folder = mkdtempSync(join(tmpdir(), "gan-"));
    const [game, other] = [pointGame({ steps: 1 }), dcganGame()];
    await collect(play({ ...game, options: { ...game.options, checkpoint: { folder } } }));
    const before = other.values();
    const options = { ...other.options, checkpoint: { folder, resume: true } };
    await assert.rejects(collect(play({ ...other, options })), core.CheckpointError);
    assertClose(other.values(), before, { absolute: 0, relative: 0 });
    [game, other].forEach((owner) => owner.dispose());
    rmSync(folder, { recursive: true });
  });

  it("stops before a NaN reaches a player, and names the step", async () => {
    const game = pointGame({ steps: 10 });
    const losses = {
      ...game.losses,
      generator: (): tf.Scalar => game.players.generator.parameters()[0]!.sum().mul(NaN),
    } as typeof game.losses;
    await assert.rejects(collect(play({ ...game, losses })), /step 1, before it changed/);
    const [weight] = game.players.generator.parameters();
    assert.ok(weight!.dataSync().every(Number.isFinite));
    game.dispose();
  });

  it("ends when aborted or broken off, and leaves no tensor behind", async () => {
    const controller = new AbortController();
    const game = pointGame({ steps: 1000, signal: controller.signal });
    const leaked = await core.countLeaks(async () => {
      for await (const { step } of play(game)) if (step === 2) break;
      for await (const { step } of play(game)) if (step === 3) controller.abort();
    });
    assert.equal(leaked, 0);
    game.dispose();
  });
});
