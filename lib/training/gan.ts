import { StoppedError } from "../core/errors";
import { assertInteger } from "../core/guard";
import { isInterrupted, nextTurn } from "../core/host";
import type { Rng } from "../core/random";
import type { BatchSource } from "../core/types";
import type { Module } from "../nn/module";
import { type CheckpointOptions, RunFolder } from "./checkpoint/run-folder";
import type { Ema } from "./ema";
import type { Optimizer } from "./optimizer";
import { PlayerModules, PlayerOptimizers, type Players } from "./players";
import { Pace, type TrainProgress } from "./progress";
import type { LearningRateSchedule } from "./schedule";

import type { LossFunction } from "./train";
import { TrainStep } from "./train-step";

export type GanOptions = {
  readonly batches: BatchSource;
  /** Train until the generator has done this many steps, those of a resumed run included. */
  readonly steps: number;
  readonly optimizers: Players<Optimizer>;
  /** Steps of the discriminator before each of the generator, on a new batch each: 1 unless told. */
  readonly criticSteps?: number;
  /** Learning rates by the generator's step; without them the optimisers' own. */
  readonly learningRates?: Partial<Players<LearningRateSchedule>>;
  /** Average of the generator. */
  readonly ema?: Ema;
  /** Source of all randomness in the losses. */
  readonly rng: Rng;
  /** Ends training early, as if `steps` were reached. */
  readonly signal?: AbortSignal;
  /** Yield every so many steps; the last step is always reported. */
  readonly reportEvery?: number;
  /** Save the run to a folder, and go on from there. */
  readonly checkpoint?: CheckpointOptions;
  /** False trains op by op instead of as two graphs: for teaching and debugging. Default true. */
  readonly compile?: boolean;
};

type Measured = Pick<TrainProgress, "loss" | "parts" | "gradNorm" | "learningRate">;

/** What one round of the game reports: the players' last steps. */
export type GanProgress = Players<Measured> &
  Pick<TrainProgress, "step" | "seconds" | "stepsPerSecond" | "secondsLeft">;

/**
 * Train two networks against each other: in each round the discriminator does `criticSteps` steps,
 * then the generator one. A loss reaches its own player's weights only. Both networks are in
 * training mode in both losses, so batch norm takes in every batch that passes, as in PyTorch.
 *
 * It yields, stops, saves and fails as `train` does; a round is the unit of all of these.
 *
 * @eq R.4
 * @example
 * for await (const { step, discriminator } of trainGan(players, losses, options)) …
 * @throws NonFiniteError before a step would change a player's weights by a NaN or an infinity
 * @throws StoppedError after an interrupt from the notebook
 * @see Goodfellow et al. 2014, arXiv:1406.2661v1, algorithm 1
 */
export async function* trainGan(
  players: Players<Module>,
  losses: Players<LossFunction>,
  options: GanOptions,
): AsyncGenerator<GanProgress, void, void> {
  const { steps, signal, reportEvery = 1, criticSteps = 1 } = options;
  assertInteger("trainGan", "steps", steps, 0);
  assertInteger("trainGan", "reportEvery", reportEvery);
  assertInteger("trainGan", "criticSteps", criticSteps);
  if (isInterrupted()) throw new StoppedError("Training was stopped before its first step.");
  const game = new Game(players, losses, options);
  let isWhole = true;
  try {
    let done = game.firstStep;
    const pace = new Pace(done, steps);
    while (done < steps && signal?.aborted !== true) {
      isWhole = false;
      const measured = game.round(done + 1);
      done++;
      game.folder?.afterStep(done);
      isWhole = true;
      game.done = done;
      if (done % reportEvery === 0 || done === steps) {
        yield { step: done, ...measured, ...pace.at(done) };
      }
      await nextTurn();
      if (isInterrupted()) {
        throw new StoppedError(`Training was stopped after step ${done} of ${steps}.`);
      }
    }
  } finally {
    game.end(isWhole);
  }
}

/** The graphs and the folder of a run. */
class Game {
  readonly folder: RunFolder | undefined;
  readonly firstStep: number;
  /** Whole rounds that were played. */
  done: number;
  private readonly memory: PlayerOptimizers;
  private readonly discriminator: TrainStep;
  private readonly generator: TrainStep;

  constructor(
    private readonly players: Players<Module>,
    losses: Players<LossFunction>,
    private readonly options: GanOptions,
  ) {
    const { optimizers, ema, rng, batches, checkpoint, criticSteps = 1 } = options;
    this.memory = new PlayerOptimizers(optimizers);
    try {
      const run = { model: new PlayerModules(players), optimizer: this.memory, ema, rng };
      this.folder = checkpoint && new RunFolder(run, checkpoint);
    } catch (error) {
      this.memory.dispose();
      throw error;
    }
    this.firstStep = this.done = this.folder?.firstStep ?? 0;
    const { learningRates, compile, steps } = options;
    this.discriminator = new TrainStep(players.discriminator, losses.discriminator, {
      batches,
      steps,
      rng,
      optimizer: optimizers.discriminator,
      learningRate: everyNth(learningRates?.discriminator, criticSteps),
      compile,
    });
    this.generator = new TrainStep(players.generator, losses.generator, {
      // The generator's labels, if any, are those of the batch that the discriminator saw last.
      batches: { ...batches, at: (round) => batches.at((round + 1) * criticSteps - 1) },
      steps,
      rng,
      ema,
      optimizer: optimizers.generator,
      learningRate: learningRates?.generator,
      compile,
    });
  }

  round(step: number): Players<Measured> {
    const { criticSteps = 1 } = this.options;
    this.players.generator.setTraining(true);
    this.players.discriminator.setTraining(true);
    let discriminator: Measured | undefined;
    for (let k = 1; k <= criticSteps; k++) {
      discriminator = this.discriminator.run((step - 1) * criticSteps + k);
    }
    return { discriminator: discriminator as Measured, generator: this.generator.run(step) };
  }

  end(isWhole: boolean): void {
    this.discriminator.dispose();
    this.generator.dispose();
    try {
      if (isWhole) this.folder?.save(this.done);
    } finally {
      this.folder?.dispose();
      this.memory.dispose();
    }
  }
}

/** A schedule by rounds as one by the discriminator's steps. */
function everyNth(
  schedule: LearningRateSchedule | undefined,
  n: number,
): LearningRateSchedule | undefined {
  return schedule && ((step) => schedule(Math.ceil(step / n)));
}
