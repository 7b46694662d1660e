import { Rng } from "../../core/random";
import type { BatchSource, Images } from "../../core/types";
import {
  DCGAN_PRESETS,
  type DcganConfig,
  DcganDiscriminator,
  DcganGenerator,
} from "../../models/dcgan";
import { type GanGame, ganLosses } from "../../objectives/gan-game";
import type { Ema, EmaOptions } from "../../training/ema";
import { type GanProgress, trainGan } from "../../training/gan";
import type { Players } from "../../training/players";
import { adam } from "../../training/rules";
import { type LearningRateSchedule, linearDecay } from "../../training/schedule";
import { type CheckpointProvenance, loadCourseWeights } from "../checkpoint";

/** The learning rates, until half of the rounds are played; then they fall to 0. */
const RATES: Players<number> = { generator: 2e-3, discriminator: 1e-3 };

/** Unlike the paper's, its discriminator has no batch norm: trials without it had evener classes. */
const DIGIT_GAN = { ...DCGAN_PRESETS["28x28"], norm: "none" } as const satisfies DcganConfig;

/** Fills the gaps between the classes, so that their shares can change. */
const INSTANCE_NOISE = 0.5;

/** Memory of the average: about 1,000 rounds. */
export const DIGIT_GAN_EMA = { decay: 0.999, warmUp: true } as const satisfies EmaOptions;

/** Of a whole training. */
export const DIGIT_GAN_ROUNDS = 11_000;

/** Of the trainings that come with the course; the first two were done without noise as well. */
export const DIGIT_GAN_SEEDS: readonly number[] = [1, 2, 3];

export type DigitGanTraining = {
  /** Of 28×28 digits; the course's trainings have batches of 64. */
  readonly batches: BatchSource;
  /** Play the first so many of `DIGIT_GAN_ROUNDS`. */
  readonly rounds: number;
  /** Average of the generator, `DIGIT_GAN_EMA`; its digits are better than the generator's own. */
  readonly ema: Ema;
  /** Largest σ of the noise on what the discriminator sees; 0.5 unless told. */
  readonly instanceNoise?: number;
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
  { rounds, instanceNoise = INSTANCE_NOISE, ...options }: DigitGanTraining,
): AsyncGenerator<GanProgress, void, void> {
  const { generator, discriminator } = players;
  const optimizerOf = (name: keyof Players<unknown>) =>
    adam(players[name].namedParameters(), { beta1: 0.5 });
  const optimizers = {
    generator: optimizerOf("generator"),
    discriminator: optimizerOf("discriminator"),
  };
  const game: GanGame = {
    latentDim: generator.config.latentDim,
    generate: (z) => generator.forward(z),
    discriminate: (x) => discriminator.forward(x as Images),
  };
  const losses = ganLosses(game, { instanceNoise });
  const learningRates = {
    generator: fallingLate(RATES.generator),
    discriminator: fallingLate(RATES.discriminator),
  };
  try {
    yield* trainGan(players, losses, { ...options, steps: rounds, optimizers, learningRates });
  } finally {
    for (const optimizer of Object.values(optimizers)) optimizer.dispose();
  }
}

function fallingLate(rate: number): LearningRateSchedule {
  const falling = linearDecay(2 * rate, DIGIT_GAN_ROUNDS);
  return (round) => Math.min(rate, falling(round));
}

/**
 * The course's own DCGAN of 28×28 digits, made by `npm run train:gans -- digits-dcgan`, or
 * `-- digits-dcgan-no-noise`.
 *
 * @param seed of its training, one of `DIGIT_GAN_SEEDS`
 * @param options `hasNoise`: false for one that was trained without instance noise, to compare with
 * @returns the caller owns the generator, which is in evaluation mode
 * @throws DataMissingError, CheckpointError
 */
export function loadDigitGan(
  seed = 1,
  { hasNoise = true } = {},
): {
  readonly generator: DcganGenerator;
  readonly made: CheckpointProvenance;
} {
  const generator = new DcganGenerator(DIGIT_GAN, new Rng(0));
  try {
    const made = loadCourseWeights(`digits-dcgan${hasNoise ? "" : "-no-noise"}-${seed}`, generator);
    generator.setTraining(false);
    return { generator, made };
  } catch (error) {
    generator.dispose();
    throw error;
  }
}
