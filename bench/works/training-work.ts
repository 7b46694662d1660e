import { compile, nn, Rng, tf, training } from "latentlab";

import { checkDraws, data, type Draws, models, parameter, type TrainingWork } from "../numbers";

/** A network as a work sees it: the module, and its loss of the batch and the step's draws. */
export interface Network {
  readonly module: nn.Module;
  /** The name in works.json of a variable of the module. */
  readonly nameOf: (path: string) => string;
  readonly loss: (x: tf.Tensor, draws: Draws) => tf.Scalar;
  /** Fresh draws, as the check's, from a generator. */
  readonly draw: (rng: Rng) => Draws;
}

/** What a peer can run: see the protocol in peers/common.py. */
export interface Runnable {
  readonly checkSteps: number;
  step(i: number): number;
  sums(): { readonly weights: number; readonly ema: number | null };
}

export type RunOptions = { readonly isCompiled: boolean; readonly isChecking: boolean };

/** Give the module the values that all peers begin with. */
export function loadParameters(
  module: nn.Module,
  rows: readonly (readonly [string, number[]])[],
  nameOf: (path: string) => string,
): void {
  const shapes = new Map(rows);
  const variables = module.namedParameters();
  const names = new Set([...variables.keys()].map(nameOf));
  const missing = rows.filter(([name]) => !names.has(name)).map(([name]) => name);
  if (missing.length > 0) throw new Error(`no variable for ${missing.join(", ")}`);
  for (const [path, variable] of variables) {
    const name = nameOf(path);
    const shape = shapes.get(name);
    if (shape === undefined) throw new Error(`${path} is no parameter of the work (${name})`);
    tf.tidy(() => {
      variable.assign(parameter(name, shape).reshape(variable.shape));
    });
  }
}

export function sumOfMagnitudes(tensors: Iterable<tf.Tensor>): number {
  let sum = 0;
  for (const tensor of tensors) for (const value of tensor.dataSync()) sum += Math.abs(value);
  return sum;
}

/** A work that trains one network by Adam, with an average of the weights if it asks for one. */
export class Training implements Runnable {
  readonly checkSteps = 3;
  private readonly optimizer: training.Optimizer;
  private readonly ema: training.Ema | undefined;
  private readonly x: tf.Tensor;
  private readonly rng = new Rng(0);
  private readonly run: (
    draws: Draws | undefined,
    numbers: training.StepNumbers,
    decay: tf.Scalar | undefined,
  ) => tf.Scalar;

  constructor(
    private readonly work: TrainingWork,
    private readonly network: Network,
    private readonly options: RunOptions,
  ) {
    const { params, optimizer, ema } = models[work];
    loadParameters(network.module, params, network.nameOf);
    const { lr, betas, eps, weight_decay: weightDecay = 0 } = optimizer;
    this.optimizer = training.adamW(network.module.namedParameters(), {
      learningRate: lr,
      beta1: betas[0],
      beta2: betas[1],
      epsilon: eps,
      weightDecay,
    });
    this.ema = ema === undefined ? undefined : new training.Ema(network.module, { decay: ema });
    this.x = data(work);
    this.run = compile(
      (draws, numbers, decay) => this.compute(draws ?? network.draw(this.rng), numbers, decay),
      { compile: options.isCompiled },
    );
  }

  step(i: number): number {
    return tf.tidy(() => {
      const draws = this.options.isChecking ? checkDraws(this.work, i) : undefined;
      const loss = this.run(draws, this.optimizer.nextNumbers(), this.ema?.nextDecay());
      this.optimizer.countStep();
      this.ema?.countUpdate();
      return loss.dataSync()[0] as never;
    }) as unknown as number;
  }

  sums(): { weights: number; ema: number | null } {
    return {
      weights: sumOfMagnitudes(this.network.module.parameters()),
      ema: this.ema ? sumOfMagnitudes(Object.values(this.ema.state().averages)) : null,
    };
  }

  private compute(
    draws: Draws,
    numbers: training.StepNumbers,
    decay: tf.Scalar | undefined,
  ): tf.Scalar {
    return tf.tidy(() => {
      const parameters = this.network.module.namedParameters();
      const { values, gradients } = training.lossAndGradients(parameters, () =>
        this.network.loss(this.x, draws),
      );
      this.optimizer.change(gradients, numbers);
      if (decay !== undefined) this.ema?.change(decay);
      return values.asScalar();
    });
  }
}
