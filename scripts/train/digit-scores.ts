/** Train the course's NCSN of digits, some minutes on two cores: `npm run train:digit-scores`. */
import { pipelines, Rng } from "latentlab";

import { save, startClock } from "./checkpoints";

const SEED = 1;
const STEPS = Number(process.env["STEPS"]) || 4000;

async function main(): Promise<void> {
  const started = startClock();
  const network = pipelines.newDigitScoreNet(new Rng(SEED));
  for await (const report of pipelines.trainDigitScores(network, { steps: STEPS, seed: SEED })) {
    const { step, loss, seconds } = report;
    if (step % 50 === 0) console.log(`ncsn ${step}: ${loss.toFixed(2)}, ${seconds.toFixed(0)} s`);
  }
  const data = pipelines.digitParts().train.describe();
  save("digits-ncsn", network, { seed: SEED, steps: STEPS, started }, { data });
}

void main();
