import { mkdirSync, writeFileSync } from "node:fs";

import { data, engine, type nn, training } from "latentlab";

/** Every result is told over these. */
export const SEEDS = [1, 2, 3] as const;

export type Made = {
  readonly seed: number;
  readonly steps: number;
  /** Of `performance.now()`. */
  readonly started: number;
};

/** Write weights, as seen from the course's folder, and beside them how they came to be. */
export function save(name: string, model: nn.Module, { seed, steps, started }: Made): void {
  const path = `datasets/checkpoints/${name}`;
  mkdirSync("datasets/checkpoints", { recursive: true });
  const { device, tensorflow } = engine.deviceReport();
  training.saveWeights(`${path}.safetensors`, model);
  const provenance = {
    seed,
    steps,
    seconds: Math.round((performance.now() - started) / 1000),
    device,
    tensorflow,
    node: process.version,
    trainingCaptions: data.splitHash("train"),
  };
  writeFileSync(`${path}.json`, `${JSON.stringify(provenance, null, 2)}\n`);
  console.log(`saved ${name} after ${provenance.seconds} s`);
}
