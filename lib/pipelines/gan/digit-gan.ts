import { Rng } from "../../core/random";
import type { BatchSource, Images } from "../../core/types";
import { DCGAN_PRESETS, DcganDiscriminator, DcganGenerator } from "../../models/dcgan";
import { ganLosses } from "../../objectives/gan-game";
import type { Ema } from "../../training/ema";
import { type GanProgress, trainGan } from "../../training/gan";
import type { Players } from "../../training/players";
import { adam } from "../../training/rules";
import { cosineDecay } from "../../training/schedule";
import { type CheckpointProvenance, loadCourseWeights } from "../checkpoint";

/** The discriminator learns more slowly, or its generator would be left without a slope. */
const RATES: Players<number> = { generator: 1e-3, discriminator: 4e-4 };

export type DigitGanTraining = {
  /** Of 28×28 digits. */
  readonly batches: BatchSource;
  /** Rounds until the learning rates have fallen to 0. */
  readonly rounds: number;
  /** Average of the generator, whose digits are better than the generator's own. */
  readonly ema: Ema;
  readonly rng: Rng;
  readonly reportEvery?: number;
};

/** Two untrained players of 28×28 digits. */
export function newDigitGan(rng: Rng): {
  readonly generator: DcganGenerator;
  readonly discriminator: DcganDiscriminator;
} {
  const config = DCGAN_PRESETS["28x28"];
  return {
    generator: new DcganGenerator(config, rng),
    discriminator: new DcganDiscriminator(config, rng),
  };
}

/**
 * Train a DCGAN on digits; it borrows all that it is given.
 *
 * @param players from `newDigitGan`
 * @see Radford, Metz & Chintala 2016, arXiv:1511.06434v2
 */
export async function* trainDigitGan(
  players: ReturnType<typeof newDigitGan>,
  { rounds, ...options }: DigitGanTraining,
): AsyncGenerator<GanProgress, void, void> {
  const { generator, discriminator } = players;
  const optimizerOf = (name: keyof Players<unknown>) =>
    adam(players[name].namedParameters(), { learningRate: RATES[name], beta1: 0.5 });
  const optimizers = {
    generator: optimizerOf("generator"),
    discriminator: optimizerOf("discriminator"),
  };
  const losses = ganLosses({
    latentDim: generator.config.latentDim,
    generate: (z) => generator.forward(z),
    discriminate: (x) => discriminator.forward(x as Images),
  });
  const learningRates = {
    generator: cosineDecay(RATES.generator, rounds),
    discriminator: cosineDecay(RATES.discriminator, rounds),
  };
  try {
    yield* trainGan(players, losses, { ...options, steps: rounds, optimizers, learningRates });
  } finally {
    for (const optimizer of Object.values(optimizers)) optimizer.dispose();
  }
}

/**
 * The course's own DCGAN of 28×28 digits, made by `npm run train:gans -- digits-dcgan`.
 *
 * @param seed of its training: 1, 2 or 3
 * @returns the caller owns the generator, which is in evaluation mode
 * @throws DataMissingError, CheckpointError
 */
export function loadDigitGan(seed = 1): {
  readonly generator: DcganGenerator;
  readonly made: CheckpointProvenance;
} {
  const generator = new DcganGenerator(DCGAN_PRESETS["28x28"], new Rng(0));
  try {
    const made = loadCourseWeights(`digits-dcgan-${seed}`, generator);
    generator.setTraining(false);
    return { generator, made };
  } catch (error) {
    generator.dispose();
    throw error;
  }
}
