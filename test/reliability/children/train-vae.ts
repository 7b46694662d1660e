// Usage: train-vae '{"folder": …, "steps": …, "every": …}'
// Trains with checkpoints, going on if the folder holds some; prints each step and its loss, then
// the fingerprint of the trained run. Signals stop it, as in any script.
import { training } from "latentlab";

import { vaeRun } from "./vae-run";

interface Arguments {
  readonly folder: string;
  readonly steps: number;
  readonly every: number;
}

async function main({ folder, steps, every }: Arguments): Promise<void> {
  const signal = training.stopOnSignals();
  const run = vaeRun();
  const checkpoint = { folder, every, resume: true };
  for await (const { step, loss } of run.train({ steps, signal, checkpoint })) {
    console.log(`step ${step} ${loss}`);
  }
  console.log(`fingerprint ${run.fingerprint()}`);
  run.dispose();
}

void main(JSON.parse(process.argv[2] ?? "") as Arguments);
