import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

import { data, engine, type nn, pipelines, training } from "latentlab";

/** Every result is told over these. */
export const SEEDS = [1, 2, 3] as const;

export type Made = {
  readonly seed: number;
  readonly steps: number;
  readonly started: Clock;
};

/** The times at the start of a training. */
export type Clock = { readonly wall: number; readonly processor: number };

/** Processor seconds of this process: what a training costs, whatever else the machine does. */
export function processorSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

export function startClock(): Clock {
  return { wall: performance.now() / 1000, processor: processorSeconds() };
}

/** How it came to be; `facts` are what else there is to know, first of all the data. */
export function provenanceOf(
  { seed, steps, started }: Made,
  facts: pipelines.Provenance,
): pipelines.Provenance {
  const { device, tensorflow } = engine.deviceReport();
  return {
    seed,
    steps,
    seconds: Math.round(performance.now() / 1000 - started.wall),
    processorSeconds: Math.round(processorSeconds() - started.processor),
    device,
    tensorflow,
    node: process.version,
    ...facts,
  };
}

/** Write weights, as seen from the course's folder, and beside them how they came to be. */
export function save(
  name: string,
  model: nn.Module,
  made: Made,
  facts: pipelines.Provenance = { trainingCaptions: data.splitHash("train") },
): void {
  const path = pipelines.checkpointPath(name);
  mkdirSync(dirname(path), { recursive: true });
  const provenance = provenanceOf(made, facts);
  training.saveWeights(`${path}.safetensors`, model);
  writeFileSync(`${path}.json`, `${JSON.stringify(provenance, null, 2)}\n`);
  console.log(`saved ${name}:`, provenance);
}
