import { Rng } from "../../core/random";
import type { BatchSource, Images } from "../../core/types";
import {
  DCGAN_PRESETS,
  type DcganConfig,
  DcganDiscriminator,
  DcganGenerator,
} from "../../models/dcgan";
import { ganLosses } from "../../objectives/gan-game";
import type { Ema, EmaOptions } from "../../training/ema";
import { type GanProgress, trainGan } from "../../training/gan";
import type { Players } from "../../training/players";
import { adam } from "../../training/rules";
import { type CheckpointProvenance, loadCourseWeights } from "../checkpoint";

/** Constant to the end: trials of a minute came nearer to the data than with rates that fell. */
const RATES: Players<number> = { generator: 2e-3, discriminator: 1e-3 };

/** Unlike the paper's, its discriminator has no batch norm: trials without it had evener classes. */
const DIGIT_GAN = { ...DCGAN_PRESETS["28x28"], norm: "none" } as const satisfies DcganConfig;

/** Memory of the average: about 300 rounds. */
export const DIGIT_GAN_EMA = { decay: 0.997, warmUp: true } as const satisfies EmaOptions;

/** Of the trainings that come with the course. */
export const DIGIT_GAN_SEEDS: readonly number[] = [1, 2];

export type DigitGanTraining = {
  /** Of 28×28 digits. */
  readonly batches: BatchSource;
  readonly rounds: number;
  /** Average of the generator, `DIGIT_GAN_EMA`; its digits are better than the generator's own. */
  readonly ema: Ema;
  readonly rng: Rng;
  readonly reportEvery?: number;
};

/** Two untrained players of 28×28 digits. */
export function newDigitGan(rng: Rng): {
  readonly generator: DcganGenerator;
  readonly discriminator: DcganDiscriminator;
} {
  return {
    generator: new DcganGenerator(DIGIT_GAN, rng),
    discriminator: new DcganDiscriminator(DIGIT_GAN, rng),
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
  try {
    yield* trainGan(players, losses, { ...options, steps: rounds, optimizers });
  } finally {
    for (const optimizer of Object.values(optimizers)) optimizer.dispose();
  }
}

/**
 * The course's own DCGAN of 28×28 digits, made by `npm run train:gans -- digits-dcgan`.
 *
 * @param seed of its training, one of `DIGIT_GAN_SEEDS`
 * @returns the caller owns the generator, which is in evaluation mode
 * @throws DataMissingError, CheckpointError
 */
export function loadDigitGan(seed = 1): {
  readonly generator: DcganGenerator;
  readonly made: CheckpointProvenance;
} {
  const generator = new DcganGenerator(DIGIT_GAN, new Rng(0));
  try {
    const made = loadCourseWeights(`digits-dcgan-${seed}`, generator);
    generator.setTraining(false);
    return { generator, made };
  } catch (error) {
    generator.dispose();
    throw error;
  }
}
