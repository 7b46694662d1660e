import { type core, type models, type nn, objectives, Rng, type tf, training } from "latentlab";

import { assertClose } from "./close";
import { int32 } from "./tensors";

/** Two players and what each minimises on a batch. */
export type SmallGame = {
  readonly players: training.Players<nn.Module>;
  readonly losses: training.Players<training.LossFunction>;
};

/** Losses of a discriminator and a generator that are given as functions of z. */
export function gameOf(
  generate: (z: tf.Tensor2D) => tf.Tensor,
  discriminate: (x: tf.Tensor) => tf.Tensor,
  latentDim: number,
): training.Players<training.LossFunction> {
  return objectives.ganLosses({ generate, discriminate, latentDim });
}

/** Some rounds as graphs and op by op must give the same losses and weights. */
export async function assertCompiles(
  make: () => SmallGame,
  batches: core.BatchSource,
  steps = 2,
): Promise<void> {
  const compiled = await played(make(), batches, { steps, compile: true });
  const eager = await played(make(), batches, { steps, compile: false });
  assertClose(compiled.losses, eager.losses, { absolute: 1e-4, relative: 1e-3 });
  assertClose(compiled.weights, eager.weights, { absolute: 5e-4, relative: 1e-3 });
}

async function played(
  { players, losses }: SmallGame,
  batches: core.BatchSource,
  options: { readonly steps: number; readonly compile: boolean },
): Promise<{ losses: number[]; weights: number[] }> {
  const { generator, discriminator } = players;
  // A large ε keeps Adam from blowing up the rounding of gradients that are next to nothing.
  const of = (player: nn.Module): training.Optimizer =>
    training.adam(player.namedParameters(), { learningRate: 1e-2, epsilon: 1e-3 });
  const optimizers = { generator: of(generator), discriminator: of(discriminator) };
  const run = training.trainGan(players, losses, {
    ...options,
    batches,
    optimizers,
    rng: new Rng(5),
  });
  const seen: number[] = [];
  for await (const progress of run) {
    seen.push(progress.discriminator.loss, progress.generator.loss);
  }
  const weights = [generator, discriminator].flatMap((player) =>
    Object.values(player.stateDict()).flatMap((tensor) => [...tensor.dataSync()]),
  );
  [generator, discriminator, ...Object.values(optimizers)].forEach((owner) => owner.dispose());
  return { losses: seen, weights };
}

/** Pictures of noise in [−1, 1]; batch k is a pure function of k. */
export function noisePictures(
  shape: readonly number[],
  labels: readonly number[],
): core.BatchSource {
  return {
    batchSize: shape[0] as number,
    batchesPerEpoch: 10,
    at: (step) => ({
      x: new Rng(step + 50).uniform(shape, -1, 1),
      labels: int32(...labels),
      ids: Int32Array.from(labels, (_, i) => i),
    }),
  };
}

type Pair = ReturnType<models.TextDiscriminator["forward"]>;

/** A text discriminator's loss over pairs and over pictures alone. */
export function judge(real: Pair, fake: Pair): tf.Scalar {
  const { discriminatorLoss } = objectives;
  return discriminatorLoss(real.pair, fake.pair).add(discriminatorLoss(real.alone, fake.alone));
}
