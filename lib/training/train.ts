import { StoppedError } from "../core/errors";
import { assertInRange, assertInteger } from "../core/guard";
import { isInterrupted, nextTurn } from "../core/host";
import type { Rng } from "../core/random";
import type { BatchSource, ExampleBatch } from "../core/types";
import type { tf } from "../engine/tf";
import type { Module } from "../nn/module";
import { type CheckpointOptions, RunFolder } from "./checkpoint/run-folder";
import type { Ema } from "./ema";
import type { LossParts } from "./gradients";
import type { Optimizer } from "./optimizer";
import { Pace, type TrainProgress } from "./progress";
import type { LearningRateSchedule } from "./schedule";
import { TrainStep } from "./train-step";

/**
 * The loss of a batch, shape `[]`; with named parts beside it if they are worth reporting. All its
 * randomness comes from `rng`. It borrows the batch; what it allocates is freed for it. It computes
 * with tensors only: training compiles it (see `compile`), unless told not to.
 */
export type LossFunction = (batch: ExampleBatch, rng: Rng) => tf.Scalar | LossParts;

export type TrainOptions = {
  readonly batches: BatchSource;
  /** Train until this many steps are done, those of a resumed run included. */
  readonly steps: number;
  readonly optimizer: Optimizer;
  /** Learning rate by step; without it the optimiser's own. */
  readonly learningRate?: LearningRateSchedule;
  readonly ema?: Ema;
  /** Clip the global gradient norm to this. */
  readonly maxGradNorm?: number;
  /** Warn in the progress report of a step whose gradient norm, before clipping, is above this. */
  readonly warnGradNorm?: number;
  /** Source of all randomness in the loss. */
  readonly rng: Rng;
  /** Ends training early, as if `steps` were reached. */
  readonly signal?: AbortSignal;
  /** Yield every so many steps; the last step is always reported. */
  readonly reportEvery?: number;
  /** Save the run to a folder, and go on from there. */
  readonly checkpoint?: CheckpointOptions;
  /** False trains op by op instead of as one graph: for teaching and debugging. Default true. */
  readonly compile?: boolean;
};

/**
 * Train a model, yielding how it goes. Between two steps the event loop gets its turn, the model is
 * whole, and breaking off the loop is safe: no tensor is left behind.
 *
 * The notebook's stop button ends training within a step with a StoppedError, so that the rest of
 * the cell does not run; `signal` ends it quietly. Either way the model stays usable, and with
 * `checkpoint` the step it came to is saved, as it is when the caller breaks off the loop.
 *
 * @example
 * for await (const { step, loss } of train(model, elboLoss, { batches, steps: 1000, optimizer, rng }))
 *   if (step % 100 === 0) console.log(step, loss);
 * @throws NonFiniteError before a step would change the weights by a NaN or an infinity
 * @throws StoppedError after an interrupt from the notebook
 */
export async function* train(
  model: Module,
  loss: LossFunction,
  options: TrainOptions,
): AsyncGenerator<TrainProgress, void, void> {
  const { steps, signal, reportEvery = 1 } = options;
  assertInteger("train", "steps", steps, 0);
  assertInteger("train", "reportEvery", reportEvery);
  assertNorm("maxGradNorm", options.maxGradNorm);
  assertNorm("warnGradNorm", options.warnGradNorm);
  // Asked before the first step too: the kernel then knows that this loop ends by itself when asked.
  if (isInterrupted()) throw new StoppedError("Training was stopped before its first step.");
  const { optimizer, ema, rng } = options;
  const folder =
    options.checkpoint && new RunFolder({ model, optimizer, ema, rng }, options.checkpoint);
  const trainStep = new TrainStep(model, loss, options);
  let done = folder?.firstStep ?? 0;
  let isWhole = true;
  const pace = new Pace(done, steps);
  try {
    while (done < steps && signal?.aborted !== true) {
      isWhole = false;
      const measured = trainStep.run(done + 1);
      done++;
      folder?.afterStep(done);
      isWhole = true;
      if (done % reportEvery === 0 || done === steps) {
        yield { step: done, ...measured, ...pace.at(done) };
      }
      await nextTurn();
      if (isInterrupted()) {
        throw new StoppedError(`Training was stopped after step ${done} of ${steps}.`);
      }
    }
  } finally {
    trainStep.dispose();
    try {
      if (isWhole) folder?.save(done);
    } finally {
      folder?.dispose();
    }
  }
}

function assertNorm(name: string, norm: number | undefined): void {
  if (norm !== undefined) assertInRange("train", name, norm, [Number.MIN_VALUE, Number.MAX_VALUE]);
}
