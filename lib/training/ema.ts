import { assertInRange } from "../core/guard";
import type { Disposable } from "../core/memory";
import { tf } from "../engine/tf";
import { activeTrace, moveInPlace } from "../engine/tracing";
import { assignState, type Module, type StateDict } from "../nn/module";

export type EmaOptions = {
  readonly decay?: number;
  /** Begin with a short memory: update k = 0, 1, … decays by min(decay, (1 + k) / (10 + k)), 0 first. */
  readonly warmUp?: boolean;
};

/** All that an average remembers. The tensors are borrowed: they change as training goes on. */
export interface EmaState {
  readonly updates: number;
  readonly averages: StateDict;
}

/**
 * Exponential moving average of a model's weights: average ← d·average + (1 − d)·weight. State that
 * is not trained, such as running moments, is copied as it is. It borrows the model and owns the
 * averages, which start as a copy of the weights.
 *
 * @see Song & Ermon 2020, arXiv:2006.09011v2, §3.4
 */
export class Ema implements Disposable {
  private updates = 0;
  private readonly decay: number;
  private readonly warmUp: boolean;
  private readonly averages: ReadonlyMap<string, tf.Variable>;

  /** @throws ValueError if `decay` lies outside [0, 1] */
  constructor(
    private readonly model: Module,
    { decay = 0.999, warmUp = false }: EmaOptions = {},
  ) {
    assertInRange("Ema", "decay", decay, [0, 1]);
    this.decay = decay;
    this.warmUp = warmUp;
    const averages = new Map<string, tf.Variable>();
    for (const [name, variable] of model.namedVariables()) {
      averages.set(name, copyOf(variable));
    }
    this.averages = averages;
  }

  /** Take in the model's weights as they are now; called once after each training step. */
  update(): void {
    tf.tidy(() => {
      this.change(this.nextDecay());
    });
    this.countUpdate();
  }

  /** The decay of the update to come, shape `[]`; the caller owns it. */
  nextDecay(): tf.Scalar {
    return tf.scalar(this.decayOf(this.updates));
  }

  /**
   * The tensor part of an update, for a compiled training step: the caller passes `nextDecay()` in
   * as an argument and calls `countUpdate()` after each run.
   */
  change(decay: tf.Scalar): void {
    for (const [name, variable] of this.model.namedVariables()) {
      const average = this.averages.get(name) as tf.Variable;
      if (variable.trainable) tf.tidy(() => moveTowards(average, variable, decay));
      else average.assign(variable);
    }
  }

  countUpdate(): void {
    this.updates++;
  }

  /** The decay that update number `k`, from 0, uses. */
  decayOf(k: number): number {
    if (!this.warmUp) return this.decay;
    return k === 0 ? 0 : Math.min(this.decay, (1 + k) / (10 + k));
  }

  /** Put the averages into a model of the same shape. @throws CheckpointError if it differs */
  copyTo(model: Module): void {
    model.loadStateDict(Object.fromEntries(this.averages));
  }

  /**
   * Run `body` while the model holds its averages; its trained weights come back afterwards, also
   * after an error.
   *
   * @example const samples = await ema.whileAveraged(() => model.sample(16, rng));
   */
  async whileAveraged<T>(body: () => T | Promise<T>): Promise<T> {
    const trained = [...this.model.namedVariables()].map(
      ([name, variable]) => [name, variable.clone()] as const,
    );
    try {
      this.copyTo(this.model);
      return await body();
    } finally {
      this.model.loadStateDict(Object.fromEntries(trained));
      tf.dispose(trained.map(([, tensor]) => tensor));
    }
  }

  state(): EmaState {
    return { updates: this.updates, averages: Object.fromEntries(this.averages) };
  }

  /** Go on from a saved state; nothing is changed unless all of it fits. @throws CheckpointError */
  restore({ updates, averages }: EmaState): void {
    assignState(this.averages, averages, "average");
    this.updates = updates;
  }

  dispose(): void {
    for (const variable of this.averages.values()) variable.dispose();
  }
}

/** average ← average − (1 − decay)·(average − weight). */
function moveTowards(average: tf.Variable, weight: tf.Tensor, decay: tf.Scalar): void {
  const [rate, distance] = [tf.sub(1, decay), average.sub(weight)];
  const trace = activeTrace();
  if (trace === undefined) average.assign(average.sub(distance.mul(rate)));
  else moveInPlace(trace, average, rate, distance);
}

function copyOf(variable: tf.Variable): tf.Variable {
  const isTrainable = false;
  return tf.tidy(() => tf.variable(variable.clone(), isTrainable));
}
