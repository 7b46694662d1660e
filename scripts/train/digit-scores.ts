/** Train the course's NCSN of digits, some minutes on two cores: `npm run train:digit-scores`. */
import { writeFileSync } from "node:fs";

import { engine, pipelines, Rng, training } from "latentlab";

const SEED = 1;
const STEPS = Number(process.env["STEPS"]) || 2400;

async function main(): Promise<void> {
  const started = performance.now();
  const network = pipelines.newDigitScoreNet(new Rng(SEED));
  for await (const report of pipelines.trainDigitScores(network, { steps: STEPS, seed: SEED })) {
    const { step, loss, seconds } = report;
    if (step % 50 === 0) console.log(`ncsn ${step}: ${loss.toFixed(2)}, ${seconds.toFixed(0)} s`);
  }
  const { device, tensorflow } = engine.deviceReport();
  const made: pipelines.Provenance = {
    data: pipelines.digitParts().train.describe(),
    seed: SEED,
    steps: STEPS,
    seconds: Math.round((performance.now() - started) / 1000),
    device,
    tensorflow,
    node: process.version,
    parameters: network.parameterCount(),
  };
  const path = pipelines.checkpointPath("digits-ncsn");
  training.saveWeights(`${path}.safetensors`, network);
  writeFileSync(`${path}.json`, `${JSON.stringify(made, null, 2)}\n`);
  console.log(made);
}

void main();
