/**
 * Judge the course's sampler of digits on many digits, two hours on one core: `npm run score:digits`. What
 * is measured is kept as it goes, and not measured again unless the weights change.
 */
import { writeFileSync } from "node:fs";

import { engine, pipelines, Rng } from "latentlab";

const SEED = 5;
const PATH = `${pipelines.checkpointPath("digits-scores")}.json`;

type Plan = Omit<pipelines.DigitDraw, "seed">;

const plan = (
  sampler: pipelines.SamplerName,
  numSteps: number,
  { n = 2000, guidanceScale = 1 } = {},
): Plan => ({ sampler, numSteps, n, guidanceScale });

/** What matters most comes first. */
const PLANS: readonly Plan[] = [
  plan("dpm-solver", 20),
  plan("dpm-solver", 20, { guidanceScale: 2 }),
  ...[10, 25, 50, 100].map((steps) => plan("ddim", steps)),
  ...[0, 1.5, 3, 5].map((guidanceScale) => plan("dpm-solver", 20, { guidanceScale })),
  plan("ddpm", 1000),
];

const isSame = (a: Plan, b: Plan): boolean =>
  (Object.keys(plan("ddim", 1)) as (keyof Plan)[]).every((key) => a[key] === b[key]);

async function main(): Promise<void> {
  const pipeline = pipelines.loadDigitSampler();
  const judge = pipelines.loadDigitJudge();
  const { device, tensorflow } = engine.deviceReport();
  const scoredOn = { scoredOn: device, scoredWith: `TensorFlow ${tensorflow}` };
  const made = {
    ...pipelines.pipelineProvenance(pipelines.checkpointPath("digits-ddpm")),
    ...scoredOn,
  };
  const scores = known(made);
  const gan = ganScore(judge);
  for (const one of PLANS) {
    if (!scores.some((score) => isSame(score, one)))
      scores.push(await pipelines.scoreDigits(pipeline, judge, { ...one, seed: SEED }));
    console.log(scores.at(-1));
    writeFileSync(PATH, `${JSON.stringify({ made, scores, gan }, null, 2)}\n`);
  }
  pipeline.dispose();
  judge.dispose();
}

/** The DCGAN of notebook 02. */
function ganScore(judge: pipelines.DigitJudge): pipelines.DigitTable["gan"] {
  const { generator, made } = pipelines.loadDigitGan();
  const digits = generator.sample(2000, new Rng(SEED));
  const [frechet, floor] = [judge.frechet(digits), judge.floor(2000)];
  digits.dispose();
  generator.dispose();
  return { n: 2000, frechet, floor, trainingSeconds: made.seconds };
}

/** Scores of the very same weights. */
function known(made: pipelines.Provenance): pipelines.DigitScore[] {
  try {
    const table = pipelines.recordedDigitScores();
    return JSON.stringify(table.made) === JSON.stringify(made) ? [...table.scores] : [];
  } catch {
    return [];
  }
}

void main();
