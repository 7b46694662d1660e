/**
 * Train the networks of digits that come with the course, about half an hour on one core:
 * `npm run train:digits`, or `-- classifier` or `-- ddpm` alone.
 */
import { type core, data, models, objectives, pipelines, Rng, training } from "latentlab";

import { provenanceOf, save, startClock } from "./checkpoints";

const SEED = 1;
const STEPS = { classifier: 500, ddpm: 5000 } as const;
const { train, reference, other } = pipelines.digitParts();

/** Share of held-out digits whose class it finds. */
function accuracy(classifier: models.Classifier): number {
  const right = [reference, other].flatMap((part) => {
    const { batchesPerEpoch, at } = data.sequentialBatches(part, {
      batchSize: 500,
      range: "signed",
    });
    return Array.from({ length: batchesPerEpoch }, (_, i) => {
      const { x, labels } = at(i);
      const guess = classifier.forward(x);
      const isRight = guess.argMax(1).equal(labels as core.Labels);
      const hits = Array.from(isRight.dataSync());
      return (x.dispose(), labels?.dispose(), guess.dispose(), isRight.dispose(), hits);
    }).flat();
  });
  return right.reduce((sum, hit) => sum + hit, 0) / right.length;
}

async function trainClassifier(steps: number): Promise<void> {
  const started = startClock();
  const classifier = new models.Classifier(models.CLASSIFIER_PRESETS["digits-28"], new Rng(SEED));
  const loss: training.LossFunction = ({ x, labels }) =>
    objectives.crossEntropy(classifier.forward(x as core.Images), labels as core.Labels);
  const run = training.train(classifier, loss, {
    batches: data.shuffledBatches(train, { batchSize: 64, seed: SEED, range: "signed" }),
    steps,
    optimizer: training.adamW(classifier.namedParameters(), { weightDecay: 0.02 }),
    learningRate: training.cosineDecay(3e-3, steps),
    rng: new Rng(SEED).fold(1),
    reportEvery: 50,
  });
  for await (const { step, loss: nats } of run)
    console.log(`classifier ${step}: ${nats.toFixed(3)}`);
  const facts = { data: train.describe(), heldOutAccuracy: accuracy(classifier) };
  save("digit-classifier", classifier, { seed: SEED, steps, started }, facts);
}

/** One network with and without classes; the average of its weights is what stays. */
async function trainDdpm(steps: number): Promise<void> {
  const started = startClock();
  const sampler = pipelines.newDigitSampler(new Rng(SEED));
  const { denoiser } = sampler.parts;
  const ema = new training.Ema(denoiser, { decay: 0.998, warmUp: true });
  const run = pipelines.trainDigitSampler(sampler, { steps, ema, seed: SEED, reportEvery: 50 });
  for await (const { step, loss: error, seconds } of run) {
    console.log(`ddpm ${step} of ${steps}: ${error.toFixed(4)}, ${seconds.toFixed(0)} s`);
    if (step % 500 !== 0 && step !== steps) continue;
    const facts = { data: train.describe(), parameters: denoiser.parameterCount() };
    const made = provenanceOf({ seed: SEED, steps: step, started }, facts);
    const path = pipelines.checkpointPath("digits-ddpm");
    await ema.whileAveraged(() => pipelines.savePipeline(path, sampler, made));
    console.log(made);
  }
}

async function main(names: readonly string[]): Promise<void> {
  const wants = (name: string): boolean => names.length === 0 || names.includes(name);
  if (wants("classifier")) await trainClassifier(STEPS.classifier);
  if (wants("ddpm")) await trainDdpm(STEPS.ddpm);
}

void main(process.argv.slice(2));
