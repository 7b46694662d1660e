/**
 * Train the GANs of notebooks 02 and 03 and save their generators: `npm run train:gans -- digits-dcgan
 * encoders stackgan attngan progan progan-direct`, all of them without names. Small ones: about half
 * an hour on two cores.
 */
import { core, data, models, pipelines, Rng, training } from "latentlab";

import { type Made, save, SEEDS } from "./checkpoints";

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
  const made = { seed: 1, steps, started: performance.now() };
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

/** Play a text game to its end; the average of the generator is what stays. */
async function play(
  name: string,
  { players, losses }: pipelines.TextGame,
  made: Made & { readonly pictures: data.CaptionedShapes },
): Promise<void> {
  const { steps, seed, pictures } = made;
  const rules = { learningRate: 1e-3, beta1: 0.5 };
  const ema = new training.Ema(players.generator, { decay: 0.99, warmUp: true });
  const run = training.trainGan(players, losses, {
    batches: data.captionBatches(pictures, { batchSize: 16, seed }),
    steps,
    optimizers: {
      generator: training.adam(players.generator.namedParameters(), rules),
      discriminator: training.adam(players.discriminator.namedParameters(), rules),
    },
    ema,
    rng: new Rng(seed).fold(1),
    reportEvery: 100,
  });
  for await (const { step, generator, seconds } of run) {
    console.log(`${name} ${step}: ${generator.loss.toFixed(2)}, ${seconds.toFixed(0)} s`);
  }
  ema.copyTo(players.generator);
}

async function trainStackGan(encoders: pipelines.CaptionEncoders, seed: number): Promise<void> {
  const variants = seed === SEEDS[0] ? [true, false] : [true];
  for (const augment of variants) {
    const name = `stackgan${augment ? "" : "-no-augmentation"}-${seed}`;
    const rng = new Rng(seed);
    const net = new pipelines.StackGan(encoders.size, rng, { augment });
    const started = performance.now();
    const [first, second] = [2000, 900];
    const one = { seed, steps: first, started, pictures: shapes(16) };
    await play(`${name} I`, net.gameOf(1, encoders, rng), one);
    net.setTraining(false);
    const two = { seed, steps: second, started, pictures: shapes(SIZE) };
    await play(`${name} II`, net.gameOf(2, encoders, rng), two);
    save(name, net, { seed, steps: first + second, started });
  }
}

async function trainAttnGan(encoders: pipelines.CaptionEncoders, seed: number): Promise<void> {
  const rng = new Rng(seed);
  const net = new pipelines.AttnGan(encoders.size, rng);
  const made = { seed, steps: 900, started: performance.now() };
  await play(`attngan ${seed}`, net.game(encoders, rng), { ...made, pictures: shapes(SIZE) });
  save(`attngan-${seed}`, net, made);
}

/** Growing, and the same network at full size from the start, for as many rounds. */
const PROGANS = { progan: [500, 500, 500], "progan-direct": [0, 0, 1500] } as const;

async function trainProgan(name: keyof typeof PROGANS): Promise<void> {
  const one = { split: "train", count: 4000, size: SIZE, seed: 1, kinds: ["one"] } as const;
  const batches = data.captionBatches(data.captionedShapes(one), { batchSize: 16, seed: 1 });
  const generator = new models.ProganGenerator(pipelines.PROGAN_SHAPES, new Rng(1));
  const rounds: readonly number[] = PROGANS[name];
  const steps = rounds.reduce((sum, n) => sum + n, 0);
  const made = { seed: 1, steps, started: performance.now() };
  const options = { batches, rounds, rng: new Rng(2), reportEvery: 100 };
  for await (const { step, stage, seconds } of pipelines.growProgan(generator, options)) {
    console.log(`${name} size ${8 * 2 ** stage}, ${step}: ${seconds.toFixed(0)} s`);
  }
  save(name, generator, made);
}

async function trainDigitDcgan(): Promise<void> {
  const { train } = pipelines.digitParts();
  const players = pipelines.newDigitGan(new Rng(1));
  const ema = new training.Ema(players.generator, { decay: 0.99 });
  const made = { seed: 1, steps: 5000, started: performance.now() };
  const run = pipelines.trainDigitGan(players, {
    batches: data.shuffledBatches(train, { batchSize: 64, seed: 1, range: "signed" }),
    rounds: made.steps,
    ema,
    rng: new Rng(2),
    reportEvery: 100,
  });
  for await (const { step, generator, seconds } of run) {
    console.log(`digits-dcgan ${step}: ${generator.loss.toFixed(2)}, ${seconds.toFixed(0)} s`);
  }
  ema.copyTo(players.generator);
  save("digits-dcgan", players.generator, made, { data: train.describe() });
}

async function main(names: readonly string[]): Promise<void> {
  const wants = (name: string): boolean => names.length === 0 || names.includes(name);
  if (wants("digits-dcgan")) await trainDigitDcgan();
  if (wants("encoders")) await trainEncoders();
  const encoders = new pipelines.CaptionEncoders(new Rng(1));
  pipelines.loadCourseWeights("caption-encoders", encoders);
  encoders.setTraining(false);
  for (const seed of SEEDS) {
    if (wants("attngan")) await trainAttnGan(encoders, seed);
  }
  if (wants("progan")) await trainProgan("progan");
  if (wants("progan-direct")) await trainProgan("progan-direct");
  for (const seed of SEEDS) {
    if (wants("stackgan")) await trainStackGan(encoders, seed);
  }
}

void main(process.argv.slice(2));
