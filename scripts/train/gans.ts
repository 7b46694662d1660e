/**
 * Train the GANs of notebooks 02 and 03 and save their generators: `npm run train:gans --` with names of
 * digits-dcgan, digits-dcgan-no-noise, encoders, attngan, stackgan, stackgan-no-augmentation,
 * stackgan-at-once and progan, or all of them; `attngan-2` is one seed of three. Small ones: an hour on
 * two cores.
 */
import { core, data, models, pipelines, Rng, training } from "latentlab";

import { processorSeconds, save, SEEDS, startClock } from "./checkpoints";

const SIZE = 32;

function shapes(size: number, count = 6000): data.CaptionedShapes {
  const options = { split: "train", count, size, seed: 1 } as const;
  return data.captionedShapes({ ...options, ...pipelines.SIMPLE_CAPTIONS });
}

async function trainEncoders(): Promise<void> {
  const encoders = new pipelines.CaptionEncoders(new Rng(1));
  const all = data.captionedShapes({ split: "train", count: 6000, size: SIZE, seed: 1 });
  const steps = 1500;
  const loss = ({ x, tokens }: core.ExampleBatch): core.Loss =>
    encoders.matching(x as core.Images, encoders.encode(tokens as core.Tokens), tokens as never);
  const made = { seed: 1, steps, started: startClock() };
  const run = training.train(encoders, loss, {
    batches: data.captionBatches(all, { batchSize: 32, seed: 1 }),
    steps,
    optimizer: training.adam(encoders.namedParameters()),
    learningRate: training.cosineDecay(2e-3, steps),
    rng: new Rng(2),
    reportEvery: 250,
  });
  for await (const { step, loss: value } of run)
    console.log(`encoders ${step}: ${value.toFixed(3)}`);
  save("caption-encoders", encoders, made);
}

/** Ends a training after so many processor seconds, its compilation included. */
class Budget {
  private readonly started = processorSeconds();
  private readonly controller = new AbortController();

  constructor(private readonly seconds: number) {}

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** Seconds that are spent; at the end of the budget the training hears of it. */
  spend(): number {
    const spent = processorSeconds() - this.started;
    if (spent >= this.seconds) this.controller.abort();
    return spent;
  }
}

/** More rounds than any budget allows. */
const ENDLESS = 1_000_000;

type Play = {
  readonly seed: number;
  /** Processor seconds. */
  readonly seconds: number;
  readonly pictures: data.CaptionedShapes;
};

/**
 * Play a text game to the end of its budget; the average of the generator is what stays.
 *
 * @returns rounds that were played
 */
async function play(
  name: string,
  { players, losses }: pipelines.TextGame,
  { seed, seconds, pictures }: Play,
): Promise<number> {
  const budget = new Budget(seconds);
  const rules = { learningRate: 2e-3, beta1: 0.5 };
  const ema = new training.Ema(players.generator, { decay: 0.99, warmUp: true });
  const run = training.trainGan(players, losses, {
    batches: data.captionBatches(pictures, { batchSize: 16, seed }),
    steps: ENDLESS,
    signal: budget.signal,
    optimizers: {
      generator: training.adam(players.generator.namedParameters(), rules),
      discriminator: training.adam(players.discriminator.namedParameters(), rules),
    },
    ema,
    rng: new Rng(seed).fold(1),
  });
  let rounds = 0;
  for await (const { step, generator } of run) {
    rounds = step;
    const spent = budget.spend();
    if (step % 100 === 0)
      console.log(`${name} ${step}: ${generator.loss.toFixed(2)}, ${spent.toFixed(0)} s`);
  }
  ema.copyTo(players.generator);
  return rounds;
}

/** Processor seconds of the two stages; one stage alone has as many as both. */
const STAGES = [60, 80] as const;
const BOTH_STAGES = STAGES[0] + STAGES[1];

async function trainStackGan(
  encoders: pipelines.CaptionEncoders,
  seed: number,
  { augment }: { readonly augment: boolean },
): Promise<void> {
  const name = `stackgan${augment ? "" : "-no-augmentation"}-${seed}`;
  const rng = new Rng(seed);
  const net = new pipelines.StackGan(encoders.size, rng, { augment });
  const started = startClock();
  const one = { seed, seconds: STAGES[0], pictures: shapes(16) };
  const first = await play(`${name} I`, net.gameOf(1, encoders, rng), one);
  net.setTraining(false);
  const two = { seed, seconds: STAGES[1], pictures: shapes(SIZE) };
  const second = await play(`${name} II`, net.gameOf(2, encoders, rng), two);
  save(name, net, { seed, steps: first + second, started });
}

async function trainStackGanAtOnce(
  encoders: pipelines.CaptionEncoders,
  seed: number,
): Promise<void> {
  const rng = new Rng(seed);
  const net = new pipelines.StackGan(encoders.size, rng, { firstSize: SIZE });
  const started = startClock();
  const name = `stackgan-at-once-${seed}`;
  const options = { seed, seconds: BOTH_STAGES, pictures: shapes(SIZE) };
  const steps = await play(name, net.gameOf(1, encoders, rng), options);
  save(name, net.stageOne, { seed, steps, started });
}

const ATTNGAN_SECONDS = 150;

async function trainAttnGan(encoders: pipelines.CaptionEncoders, seed: number): Promise<void> {
  const rng = new Rng(seed);
  const net = new pipelines.AttnGan(encoders.size, rng);
  const started = startClock();
  const options = { seed, seconds: ATTNGAN_SECONDS, pictures: shapes(SIZE) };
  const steps = await play(`attngan ${seed}`, net.game(encoders, rng), options);
  save(`attngan-${seed}`, net, { seed, steps, started });
}

/** Growing, and the same network at full size from the start, for as many processor seconds. */
const PROGANS = { progan: [800, 800, 800], "progan-direct": [0, 0, ENDLESS] } as const;

async function trainProgans(): Promise<void> {
  const one = { split: "train", count: 4000, size: SIZE, seed: 1, kinds: ["one"] } as const;
  const batches = data.captionBatches(data.captionedShapes(one), { batchSize: 16, seed: 1 });
  let seconds = Infinity; // growing takes what its rounds take, and says how long the other may
  for (const [name, rounds] of Object.entries(PROGANS)) {
    const generator = new models.ProganGenerator(pipelines.PROGAN_SHAPES, new Rng(1));
    const started = startClock();
    const budget = new Budget(seconds);
    const options = { batches, rounds, rng: new Rng(2), signal: budget.signal };
    let steps = 0;
    for await (const { step, stage } of pipelines.growProgan(generator, options)) {
      const spent = budget.spend();
      steps++;
      if (step % 100 === 0)
        console.log(`${name} size ${8 * 2 ** stage}, ${step}: ${spent.toFixed(0)} s`);
    }
    seconds = budget.spend();
    save(name, generator, { seed: 1, steps, started });
  }
}

async function trainDigitDcgan(which: pipelines.DigitGanRun): Promise<void> {
  const started = startClock();
  const name = pipelines.digitGanName(which);
  const steps = pipelines.DIGIT_GAN_ROUNDS;
  const players = pipelines.newDigitGan(which.seed);
  const ema = new training.Ema(players.generator, pipelines.DIGIT_GAN_EMA);
  const options = { ...which, rounds: steps, ema, reportEvery: 100 };
  for await (const { step, generator, seconds } of pipelines.trainDigitGan(players, options))
    console.log(`${name} ${step}: ${generator.loss.toFixed(2)}, ${seconds.toFixed(0)} s`);
  ema.copyTo(players.generator);
  const facts = { data: pipelines.digitParts().train.describe() };
  save(name, players.generator, { seed: which.seed, steps, started }, facts);
}

/** With all seeds, or `stackgan-2` with one. */
const TEXT_GANS: Readonly<
  Record<string, (encoders: pipelines.CaptionEncoders, seed: number) => Promise<void>>
> = {
  attngan: trainAttnGan,
  stackgan: (encoders, seed) => trainStackGan(encoders, seed, { augment: true }),
  "stackgan-no-augmentation": (encoders, seed) => trainStackGan(encoders, seed, { augment: false }),
  "stackgan-at-once": trainStackGanAtOnce,
};

async function main(names: readonly string[]): Promise<void> {
  const wants = (...spellings: string[]): boolean =>
    names.length === 0 || spellings.some((name) => names.includes(name));
  for (const run of pipelines.DIGIT_GAN_RUNS) {
    const name = pipelines.digitGanName(run);
    const kind = name.slice(0, name.lastIndexOf("-"));
    if (wants(kind, name)) await trainDigitDcgan(run);
  }
  if (wants("encoders")) await trainEncoders();
  const encoders = new pipelines.CaptionEncoders(new Rng(1));
  pipelines.loadCourseWeights("caption-encoders", encoders);
  encoders.setTraining(false);
  for (const seed of SEEDS) {
    for (const [name, train] of Object.entries(TEXT_GANS)) {
      if (wants(name, `${name}-${seed}`)) await train(encoders, seed);
    }
  }
  if (wants("progan")) await trainProgans();
}

void main(process.argv.slice(2));
