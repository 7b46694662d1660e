import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

import { data, engine, type nn, pipelines, training } from "latentlab";

/** Every result is told over these. */
export const SEEDS = [1, 2, 3] as const;

export type Made = {
  readonly seed: number;
  readonly steps: number;
  /** Of `performance.now()`. */
  readonly started: number;
};

/** How it came to be; `facts` are what else there is to know, first of all the data. */
export function provenanceOf(
  { seed, steps, started }: Made,
  facts: pipelines.Provenance,
): pipelines.Provenance {
  const { device, tensorflow } = engine.deviceReport();
  return {
    seed,
    steps,
    seconds: Math.round((performance.now() - started) / 1000),
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
