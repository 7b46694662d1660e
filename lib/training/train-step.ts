import { compile, type Compiled } from "../compile";
import type { Disposable } from "../core/memory";
import { Rng } from "../core/random";
import type { ExampleBatch } from "../core/types";
import { tf } from "../engine/tf";
import { activeTrace } from "../engine/tracing";
import type { Module } from "../nn/module";
import { firstBadLayer } from "./first-bad-layer";
import { clipByGlobalNorm, globalNorm, type Gradients, lossAndGradients } from "./gradients";
import { GRADIENT_NORM, nonFiniteError } from "./non-finite";
import type { StepNumbers } from "./optimizer";
import type { TrainProgress } from "./progress";
import type { LossFunction, TrainOptions } from "./train";

type StepMeasurement = Pick<
  TrainProgress,
  "loss" | "parts" | "gradNorm" | "learningRate" | "warning"
>;

type BatchTensors = Omit<ExampleBatch, "ids">;

/** What changes from step to step besides the batch. */
type Numbers = { readonly optimizer: StepNumbers; readonly emaDecay?: tf.Scalar };

/** One whole step of training: forward, backward, check, update. Values are read back once. */
export class TrainStep implements Disposable {
  private names: readonly string[] = [];
  private readonly graph: Compiled<[batch: BatchTensors, rng: Rng, numbers: Numbers], tf.Tensor1D>;

  constructor(
    private readonly model: Module,
    private readonly loss: LossFunction,
    private readonly options: TrainOptions,
  ) {
    this.graph = compile(
      // Inside the graph, `ids` would be those of the first batch for ever.
      (batch, rng, numbers) => this.compute({ ...batch, ids: new Int32Array(0) }, rng, numbers),
      { compile: options.compile },
    );
  }

  /** @throws NonFiniteError before a NaN or an infinity changes anything; the draws are undone too */
  run(step: number): StepMeasurement {
    const { batches, optimizer, learningRate, ema, rng } = this.options;
    if (learningRate !== undefined) optimizer.learningRate = learningRate(step);
    this.model.setTraining(true);
    const batch = batches.at(step - 1);
    const rngBefore = rng.state();
    try {
      const readings = this.readings(batch);
      const measured = this.measurementOf(readings);
      if (![measured.loss, measured.gradNorm].every(Number.isFinite)) {
        throw this.diagnosis(step, readings, batch, Rng.restore(rngBefore));
      }
      optimizer.countStep();
      ema?.countUpdate();
      return measured;
    } catch (error) {
      rng.moveTo(rngBefore);
      throw error;
    } finally {
      tf.dispose(tensorsOf(batch));
    }
  }

  dispose(): void {
    this.graph.dispose();
  }

  /** Loss, its parts and gradient norm of the batch, by name; the weights are updated. */
  private readings(batch: ExampleBatch): Map<string, number> {
    const { optimizer, ema, rng } = this.options;
    const values = tf.tidy(() => {
      const emaDecay = ema?.nextDecay();
      const numbers = { optimizer: optimizer.nextNumbers(), ...(emaDecay && { emaDecay }) };
      return this.graph(tensorsOf(batch), rng, numbers).dataSync();
    });
    return new Map([...this.names, GRADIENT_NORM].map((name, i) => [name, values[i] ?? NaN]));
  }

  /** The step as tensors: one definition for eager and compiled training. */
  private compute(batch: ExampleBatch, rng: Rng, numbers: Numbers): tf.Tensor1D {
    return tf.tidy(() => {
      const parameters = this.model.namedParameters();
      const found = lossAndGradients(parameters, () => this.loss(batch, rng));
      const { names, values, gradients } = found;
      this.names = names;
      const norm = globalNorm(gradients);
      const readings = tf.concat([values, norm.reshape<tf.Tensor1D>([1])]);
      values.dispose();
      whereFinite(readings, () => {
        const { maxGradNorm, optimizer, ema } = this.options;
        const clipped =
          maxGradNorm === undefined ? gradients : clipByGlobalNorm(gradients, norm, maxGradNorm);
        optimizer.change(clipped, numbers.optimizer);
        if (numbers.emaDecay) ema?.change(numbers.emaDecay);
      });
      return readings;
    });
  }

  private measurementOf(readings: ReadonlyMap<string, number>): StepMeasurement {
    const { optimizer, warnGradNorm = Infinity } = this.options;
    const { loss = NaN, [GRADIENT_NORM]: gradNorm = NaN, ...parts } = Object.fromEntries(readings);
    const measured = { loss, parts, gradNorm, learningRate: optimizer.learningRate };
    if (!(gradNorm > warnGradNorm)) return measured;
    const warning = `The gradient norm is ${gradNorm.toPrecision(3)}, above ${warnGradNorm}.`;
    return { ...measured, warning };
  }

  /** Repeat the failed step eagerly, with the same draws, to see where it went wrong. */
  private diagnosis(
    step: number,
    readings: ReadonlyMap<string, number>,
    batch: ExampleBatch,
    rng: Rng,
  ): Error {
    const parameters = this.model.namedParameters();
    const repeated: tf.Tensor[] = [];
    try {
      let gradients: Gradients = new Map();
      const badLayer = firstBadLayer(this.model, () => {
        const found = lossAndGradients(parameters, () => this.loss(batch, rng));
        gradients = found.gradients;
        repeated.push(found.values, ...gradients.values());
      });
      return nonFiniteError({ step, readings, batch, parameters, gradients, badLayer });
    } finally {
      tf.dispose(repeated);
    }
  }
}

/** Run `update` only if all values are finite: on the host, or as a condition of the graph. */
function whereFinite(values: tf.Tensor, update: () => void): void {
  const trace = activeTrace();
  if (trace === undefined) {
    if (values.dataSync().every(Number.isFinite)) update();
    return;
  }
  trace.onlyIf(tf.all(tf.isFinite(values)));
  update();
}

function tensorsOf({ x, labels, tokens }: ExampleBatch): BatchTensors {
  return { x, ...(labels && { labels }), ...(tokens && { tokens }) };
}
