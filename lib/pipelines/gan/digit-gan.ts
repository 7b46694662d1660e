import { Rng } from "../../core/random";
import type { Images } from "../../core/types";
import { shuffledBatches } from "../../data/batches";
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
import { digitParts } from "../digits";

const BATCH = 64;

/** The learning rates, until half of the rounds are played; then they fall to 0. */
const RATES: Players<number> = { generator: 2e-3, discriminator: 1e-3 };

/** Unlike the paper's, its discriminator has no batch norm: trials without it had evener classes. */
const DIGIT_GAN = { ...DCGAN_PRESETS["28x28"], norm: "none" } as const satisfies DcganConfig;

/** Fills the gaps between the classes, so that their shares can change. */
const INSTANCE_NOISE = 1;

/** Memory of the average: about 1,000 rounds. */
export const DIGIT_GAN_EMA = { decay: 0.999, warmUp: true } as const satisfies EmaOptions;

/** Of a whole training, which takes as long as that of the course's DDPM of digits. */
export const DIGIT_GAN_ROUNDS = 7000;

/** A training of the digits' DCGAN. */
export type DigitGanRun = {
  readonly seed: number;
  /** Whether the discriminator sees all with instance noise, σ ~ U[0, 1]. */
  readonly hasNoise: boolean;
};

/** The trainings that come with the course. */
export const DIGIT_GAN_RUNS: readonly DigitGanRun[] = [
  ...[1, 2, 3].map((seed) => ({ seed, hasNoise: true })),
  ...[1, 2].map((seed) => ({ seed, hasNoise: false })),
];

export type DigitGanTraining = DigitGanRun & {
  /** Play the first so many of `DIGIT_GAN_ROUNDS`. */
  readonly rounds: number;
  /** Average of the generator, `DIGIT_GAN_EMA`; its digits are better than the generator's own. */
  readonly ema: Ema;
  readonly reportEvery?: number;
};

/** Two untrained players of 28×28 digits. */
export function newDigitGan(seed: number): {
  readonly generator: DcganGenerator;
  readonly discriminator: DcganDiscriminator;
} {
  const rng = new Rng(seed);
  return {
    generator: new DcganGenerator(DIGIT_GAN, rng),
    discriminator: new DcganDiscriminator(DIGIT_GAN, rng),
  };
}

/**
 * Train a DCGAN on the digits of `digitParts`; it borrows all that it is given.
 *
 * @param players from `newDigitGan`, of the same seed if it is to be one of the course's trainings
 * @see Radford, Metz & Chintala 2016, arXiv:1511.06434v2
 */
export async function* trainDigitGan(
  players: ReturnType<typeof newDigitGan>,
  { seed, hasNoise, rounds, ema, reportEvery }: DigitGanTraining,
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
  const losses = ganLosses(game, { instanceNoise: hasNoise ? INSTANCE_NOISE : 0 });
  const learningRates = {
    generator: fallingLate(RATES.generator),
    discriminator: fallingLate(RATES.discriminator),
  };
  try {
    yield* trainGan(players, losses, {
      batches: shuffledBatches(digitParts().train, { batchSize: BATCH, seed, range: "signed" }),
      steps: rounds,
      optimizers,
      learningRates,
      ema,
      rng: new Rng(seed).fold(1),
      reportEvery,
    });
  } finally {
    for (const optimizer of Object.values(optimizers)) optimizer.dispose();
  }
}

function fallingLate(rate: number): LearningRateSchedule {
  const falling = linearDecay(2 * rate, DIGIT_GAN_ROUNDS);
  return (round) => Math.min(rate, falling(round));
}

/** Of its checkpoint. */
export function digitGanName({ seed, hasNoise }: DigitGanRun): string {
  return `digits-dcgan${hasNoise ? "" : "-no-noise"}-${seed}`;
}

/**
 * The course's own DCGAN of 28×28 digits, made by `npm run train:gans -- digits-dcgan`, or
 * `-- digits-dcgan-no-noise`.
 *
 * @param run one of `DIGIT_GAN_RUNS`
 * @returns the caller owns the generator, which is in evaluation mode
 * @throws DataMissingError, CheckpointError
 */
export function loadDigitGan(run: DigitGanRun): {
  readonly generator: DcganGenerator;
  readonly made: CheckpointProvenance;
} {
  const generator = new DcganGenerator(DIGIT_GAN, new Rng(0));
  try {
    const made = loadCourseWeights(digitGanName(run), generator);
    generator.setTraining(false);
    return { generator, made };
  } catch (error) {
    generator.dispose();
    throw error;
  }
}
