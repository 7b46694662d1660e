import { createHash } from "node:crypto";

import { type core, models, objectives, Rng, training } from "latentlab";

/** A small VAE run on pictures drawn from a seed, with every part that a checkpoint holds. */
export interface VaeRun extends core.Disposable {
  readonly model: models.Vae;
  readonly batches: core.BatchSource;
  readonly state: training.RunState & { readonly optimizer: training.Optimizer };
  readonly loss: training.LossFunction;
  train(
    options: Partial<training.TrainOptions> & { readonly steps: number },
  ): AsyncGenerator<training.TrainProgress, void, void>;
  /** SHA-256 of every number that training changes: equal means bitwise equal. */
  fingerprint(): string;
}

const BATCH_SIZE = 16;

/** Batches of 8×8 pictures in [0, 1); batch k is a pure function of k. */
const pictures: core.BatchSource = {
  batchSize: BATCH_SIZE,
  batchesPerEpoch: 10,
  at: (step) => ({
    x: new Rng(1000 + step).uniform([BATCH_SIZE, 8, 8, 1]),
    ids: Int32Array.from({ length: BATCH_SIZE }, (_, i) => (step % 10) * BATCH_SIZE + i),
  }),
};

export function vaeRun(): VaeRun {
  const model = new models.Vae(models.VAE_PRESETS["64-128-8"], new Rng(1));
  const optimizer = training.adamW(model.namedParameters());
  const ema = new training.Ema(model, { decay: 0.99, warmUp: true });
  const rng = new Rng(2);
  const loss: training.LossFunction = ({ x }, noise) =>
    objectives.elboLoss(model, x, noise.normal([BATCH_SIZE, 8]));
  return {
    model,
    batches: pictures,
    state: { model, optimizer, ema, rng },
    loss,
    train: (options) =>
      training.train(model, loss, {
        ...{ batches: pictures, optimizer, ema, rng, maxGradNorm: 50 },
        ...options,
      }),
    fingerprint() {
      const hash = createHash("sha256");
      const { slots, ...steps } = optimizer.state();
      const { averages, updates } = ema.state();
      hash.update(JSON.stringify([steps, updates, rng.state()]));
      for (const tensors of [model.stateDict(), slots, averages]) {
        for (const [name, tensor] of Object.entries(tensors)) {
          hash.update(name).update(Buffer.from(Float32Array.from(tensor.dataSync()).buffer));
        }
      }
      return hash.digest("hex");
    },
    dispose() {
      for (const owner of [ema, optimizer, model]) owner.dispose();
    },
  };
}
