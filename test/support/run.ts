import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { core, Rng, training } from "latentlab";

import { Mlp, normalBatches } from "./mlp";

/** A small training run with every part that a checkpoint holds; the same each time it is made. */
export interface SmallRun extends core.Disposable {
  readonly model: Mlp;
  readonly optimizer: training.Optimizer;
  readonly ema: training.Ema;
  readonly rng: Rng;
  train(
    options: Partial<training.TrainOptions>,
  ): AsyncGenerator<training.TrainProgress, void, void>;
  /** Every number that training changes, as text: equal texts mean bitwise equal runs. */
  fingerprint(): string;
}

export function smallRun(sizes: readonly [number, number, number] = [4, 8, 4]): SmallRun {
  const model = new Mlp(sizes, new Rng(1));
  const optimizer = training.adamW(model.namedParameters(), { learningRate: 1e-2 });
  const ema = new training.Ema(model, { decay: 0.9, warmUp: true });
  const rng = new Rng(3);
  const batches = normalBatches((step) => new Rng(100 + step), 16, sizes[0]);
  return {
    model,
    optimizer,
    ema,
    rng,
    train: (options) =>
      training.train(model, model.denoisingLoss, {
        ...{ batches, steps: 20, optimizer, ema, rng, maxGradNorm: 1 },
        ...options,
      }),
    fingerprint() {
      const { slots, ...steps } = optimizer.state();
      const { averages, updates } = ema.state();
      const tensors = [model.stateDict(), slots, averages].flatMap(Object.entries);
      const values = tensors.map(([name, tensor]) => [name, hexOf(tensor.dataSync())]);
      return JSON.stringify([values, steps, updates, rng.state()]);
    },
    dispose() {
      for (const owner of [ema, optimizer, model]) owner.dispose();
    },
  };
}

/** A folder that does not exist yet, in a new temporary folder. */
export function newRunFolder(): string {
  return join(mkdtempSync(join(tmpdir(), "latentlab-run-")), "run");
}

function hexOf({ buffer, byteOffset, byteLength }: ArrayBufferView): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString("hex");
}
