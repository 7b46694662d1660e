/**
 * Judge the course's samplers of digits on many digits: `npm run score:digits -- gan` takes a minute on
 * one core, `-- ddpm` two hours. What is measured is kept as it goes; of the DDPM it is not
 * measured again unless the weights change.
 */
import { existsSync, writeFileSync } from "node:fs";

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

async function main(names: readonly string[]): Promise<void> {
  const wants = (name: string): boolean => names.length === 0 || names.includes(name);
  const judge = pipelines.loadDigitJudge();
  if (wants("gan")) write({ gans: ganScores(judge) });
  if (wants("ddpm")) await scoreDdpm(judge);
  judge.dispose();
}

async function scoreDdpm(judge: pipelines.DigitJudge): Promise<void> {
  const pipeline = pipelines.loadDigitSampler();
  const { device, tensorflow } = engine.deviceReport();
  const made = {
    ...pipelines.pipelineProvenance(pipelines.checkpointPath("digits-ddpm")),
    ...{ scoredOn: device, scoredWith: `TensorFlow ${tensorflow}` },
  };
  const scores = known(made);
  for (const one of PLANS) {
    if (!scores.some((score) => isSame(score, one)))
      scores.push(await pipelines.scoreDigits(pipeline, judge, { ...one, seed: SEED }));
    console.log(scores.at(-1));
    write({ made, scores });
  }
  pipeline.dispose();
}

/** The DCGANs of notebook 02. */
function ganScores(judge: pipelines.DigitJudge): pipelines.DigitGanScore[] {
  const n = 2000;
  const real = { floor: judge.floor(n), realImbalance: judge.imbalanceFloor(n, new Rng(SEED)) };
  return pipelines.DIGIT_GAN_RUNS.map((run) => {
    const { generator, made } = pipelines.loadDigitGan(run);
    const digits = generator.sample(n, new Rng(SEED));
    const { precision, coverage } = judge.manifold(digits);
    const [frechet, imbalance] = [judge.frechet(digits), judge.imbalance(digits)];
    digits.dispose();
    generator.dispose();
    const { seconds: trainingSeconds, processorSeconds = NaN } = made;
    const measured = { frechet, imbalance, precision, coverage };
    const score = { ...run, n, ...measured, ...real, trainingSeconds, processorSeconds };
    console.log(score);
    return score;
  });
}

/** What is recorded so far. */
function recorded(): Partial<pipelines.DigitTable> {
  return existsSync(PATH) ? pipelines.recordedDigitScores() : {};
}

/** Change a part of what is recorded. */
function write(part: Partial<pipelines.DigitTable>): void {
  writeFileSync(PATH, `${JSON.stringify({ ...recorded(), ...part }, null, 2)}\n`);
}

/** Scores of the very same weights. */
function known(made: pipelines.Provenance): pipelines.DigitScore[] {
  const { made: before, scores = [] } = recorded();
  return JSON.stringify(before) === JSON.stringify(made) ? [...scores] : [];
}

void main(process.argv.slice(2));
