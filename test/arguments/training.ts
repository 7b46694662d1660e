import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { type core, data, nn, Rng, tf, training } from "latentlab";

import { type Argument, count, fixture, given, number, record, tensor } from "./argument";
import { constructs, type Subject, takes } from "./subject";

/** The weights of a model that is freed with them. */
const PARAMETERS = fixture(() => new nn.Dense(1, 1, new Rng(1)).namedParameters());
/** A tensor of any shape and dtype. */
const ANYTHING: Argument = {
  valid: () => tf.ones([2]),
  faults: [
    { what: "undefined", make: () => undefined },
    { what: "an array", make: () => [1, 2] },
  ],
};
const LEARNING_RATE = number(1e-3, { min: 0 });
const UNIT = number(0.5, { min: 0, max: 1 });
const ADAM = { learningRate: LEARNING_RATE, beta1: UNIT, beta2: UNIT, epsilon: UNIT };

/** Gradients by path. */
const GRADIENTS: Argument = {
  valid: () => new Map([["weight", tf.ones([2, 2])]]),
  faults: [{ what: "no gradients", make: () => new Map() }],
};

const MAX_NORM = number(1, { min: 1e-9 });

/** A tensor on the host by name. */
const HOST_TENSORS: Argument = {
  valid: () => new Map([["a", hostTensor([2])]]),
  faults: [
    { what: "too few values", make: (draw) => new Map([["a", hostTensor([draw(3, 9)])]]) },
    { what: "a negative size", make: () => new Map([["a", hostTensor([-2])]]) },
    { what: "a fractional size", make: () => new Map([["a", hostTensor([0.5, 4])]]) },
  ],
};

function hostTensor(shape: number[]): training.HostTensor {
  return { dtype: "float32", shape, data: Float32Array.of(1, 2) };
}

type Options = Pick<training.TrainOptions, "steps" | "reportEvery" | "maxGradNorm">;

/** A model of three weights and all that its training needs, freed together. */
class SmallRun implements core.Disposable {
  private readonly model = new nn.Dense(2, 1, new Rng(1));
  private readonly optimizer = training.sgd(this.model.namedParameters());
  private readonly batches = data.toyBatches(data.moons(), { batchSize: 2, seed: 1 });

  async trainOneStep(options: Options): Promise<void> {
    const { model, optimizer, batches } = this;
    const loss = ({ x }: core.ExampleBatch): tf.Scalar => model.forward(x).square().mean();
    const run = training.train(model, loss, { ...options, batches, optimizer, rng: new Rng(1) });
    await run.next();
    await run.return();
  }

  dispose(): void {
    this.optimizer.dispose();
    this.model.dispose();
  }
}

/** Save a model in a folder that is gone afterwards. */
function saveElsewhere(model: nn.Module, step: number, options: { keep?: number }): void {
  const folder = mkdtempSync(join(tmpdir(), "arguments-"));
  try {
    training.saveCheckpoint(folder, step, { model }, options);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export const TRAINING: Readonly<Record<string, Subject>> = {
  "training.adam": takes(training.adam, PARAMETERS, record(ADAM)),
  "training.adamW": takes(
    training.adamW,
    PARAMETERS,
    record({ ...ADAM, weightDecay: number(0.01, { min: 0 }) }),
  ),
  "training.sgd": takes(
    training.sgd,
    PARAMETERS,
    record({ learningRate: LEARNING_RATE, momentum: UNIT }),
  ),
  "training.rmsprop": takes(
    training.rmsprop,
    PARAMETERS,
    record({ learningRate: LEARNING_RATE, alpha: UNIT, epsilon: UNIT }),
  ),
  "training.Ema": constructs(
    training.Ema,
    fixture(() => new nn.Dense(1, 1, new Rng(1))),
    record({ decay: UNIT }),
  ),
  "training.Optimizer": constructs(
    training.Optimizer,
    PARAMETERS,
    given(() => ({ name: "none", slots: [], update: () => ({ parameter: 0, slots: {} }) })),
    LEARNING_RATE,
  ),
  "training.isFiniteTensor": takes(training.isFiniteTensor, ANYTHING),
  "training.globalNorm": takes(training.globalNorm, GRADIENTS),
  "training.clipByGlobalNorm": takes(
    training.clipByGlobalNorm,
    given(GRADIENTS.valid),
    tensor([]),
    MAX_NORM,
  ),
  "training.train": takes(
    (run: SmallRun, options: Options) => run.trainOneStep(options),
    given(() => new SmallRun()),
    record({
      steps: count(1, { min: 0 }),
      reportEvery: count(1),
      maxGradNorm: MAX_NORM,
      warnGradNorm: MAX_NORM,
    }),
  ),
  "training.encodeSafetensors": takes(training.encodeSafetensors, HOST_TENSORS),
  "training.saveCheckpoint": takes(
    saveElsewhere,
    fixture(() => new nn.Dense(1, 1, new Rng(1))),
    count(5, { min: 0 }),
    record({ keep: count(2) }),
  ),
  "training.constantRate": takes(training.constantRate, LEARNING_RATE),
  "training.linearDecay": takes(training.linearDecay, LEARNING_RATE, count(10)),
  "training.cosineDecay": takes(training.cosineDecay, LEARNING_RATE, count(10)),
  "training.withWarmUp": takes(
    training.withWarmUp,
    count(10),
    given(() => training.constantRate(1)),
  ),
};
