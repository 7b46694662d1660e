import { StoppedError } from "../core/errors";
import { assertInteger } from "../core/guard";
import type { Rng } from "../core/random";
import type { BatchSource, ExampleBatch } from "../core/types";
import { tf } from "../engine/tf";
import type { Module } from "../nn/module";
import type { Ema } from "./ema";
import { clipByGlobalNorm, globalNorm, lossAndGradients, type LossParts } from "./gradients";
import { GRADIENT_NORM, nonFiniteError } from "./non-finite";
import type { Optimizer } from "./optimizer";
import { Pace, type TrainProgress } from "./progress";
import type { LearningRateSchedule } from "./schedule";
import { isInterrupted, nextTurn } from "./stop";

/**
 * The loss of a batch, shape `[]`; with named parts beside it if they are worth reporting. All its
 * randomness comes from `rng`. It borrows the batch; what it allocates is freed for it.
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
};

/**
 * Train a model, yielding how it goes. Between two steps the event loop gets its turn, the model is
 * whole, and breaking off the loop is safe: no tensor is left behind.
 *
 * The notebook's stop button ends training within a step with a StoppedError, so that the rest of
 * the cell does not run; `signal` ends it quietly. Either way the model stays usable.
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
  const pace = new Pace(0, steps);
  for (let step = 1; step <= steps && signal?.aborted !== true; step++) {
    const measured = trainStep(model, loss, step, options);
    if (step % reportEvery === 0 || step === steps) {
      yield { step, ...measured, ...pace.at(step) };
    }
    await nextTurn();
    if (isInterrupted()) {
      throw new StoppedError(`Training was stopped after step ${step} of ${steps}.`);
    }
  }
}

type StepMeasurement = Pick<
  TrainProgress,
  "loss" | "parts" | "gradNorm" | "learningRate" | "warning"
>;

/** One whole step: forward, backward, check, update. Values are read back once. */
function trainStep(
  model: Module,
  loss: LossFunction,
  step: number,
  options: TrainOptions,
): StepMeasurement {
  const { batches, optimizer, learningRate, ema, rng } = options;
  if (learningRate !== undefined) optimizer.learningRate = learningRate(step);
  model.setTraining(true);
  const parameters = model.namedParameters();
  const batch = batches.at(step - 1);
  try {
    return tf.tidy(() => {
      const { names, values, gradients } = lossAndGradients(parameters, () => loss(batch, rng));
      try {
        const norm = globalNorm(gradients);
        const read = tf.concat([values, norm.reshape<tf.Tensor1D>([1])]).dataSync();
        const readings = new Map(
          [...names, GRADIENT_NORM].map((name, i) => [name, read[i] ?? NaN]),
        );
        const measured = measurementOf(readings, options);
        if (!Number.isFinite(measured.loss) || !Number.isFinite(measured.gradNorm)) {
          throw nonFiniteError({ step, readings, batch, parameters, gradients });
        }
        const { maxGradNorm } = options;
        optimizer.step(
          maxGradNorm === undefined ? gradients : clipByGlobalNorm(gradients, norm, maxGradNorm),
        );
        ema?.update();
        return measured;
      } finally {
        values.dispose();
      }
    });
  } finally {
    tf.dispose([batch.x, ...(batch.labels ? [batch.labels] : [])]);
  }
}

function measurementOf(
  readings: ReadonlyMap<string, number>,
  { optimizer, warnGradNorm = Infinity }: TrainOptions,
): StepMeasurement {
  const { loss = NaN, [GRADIENT_NORM]: gradNorm = NaN, ...parts } = Object.fromEntries(readings);
  const measured = { loss, parts, gradNorm, learningRate: optimizer.learningRate };
  if (!(gradNorm > warnGradNorm)) return measured;
  const warning = `The gradient norm is ${gradNorm.toPrecision(3)}, above ${warnGradNorm}.`;
  return { ...measured, warning };
}
