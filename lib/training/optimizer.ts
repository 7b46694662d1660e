import { CheckpointError } from "../core/errors";
import { assertInRange } from "../core/guard";
import type { Disposable } from "../core/memory";
import { tf } from "../engine/tf";
import { type ActiveTrace, activeTrace } from "../engine/tracing";
import { assignState, type StateDict } from "../nn/module";
import type { Gradients, NamedParameters } from "./gradients";

/** Numbers that differ from step to step: tensors, so that they are inputs of a compiled step. */
export interface StepNumbers {
  /** Shape `[]`. */
  readonly learningRate: tf.Scalar;
  /** Which step this is, 1, 2, 3, …; float32, shape `[]`. */
  readonly step: tf.Scalar;
}

/** A parameter and what the optimiser remembers about it, all of the parameter's shape. */
export interface ParameterState<Slot extends string = string> {
  readonly parameter: tf.Tensor;
  readonly slots: Readonly<Record<Slot, tf.Tensor>>;
}

/**
 * How one parameter changes by its gradient. `update` is a pure function of tensors: it reads no
 * value back and keeps no state, so a whole training step can be recorded as one graph.
 */
export interface UpdateRule<Slot extends string = string> {
  readonly name: string;
  /** Names of the tensors remembered per parameter; each starts at zero. */
  readonly slots: readonly Slot[];
  update(
    state: ParameterState<Slot>,
    gradient: tf.Tensor,
    numbers: StepNumbers,
  ): ParameterState<Slot>;
  /**
   * The same change by one TensorFlow op in place, in a compiled step.
   * Optional: without it `update` is recorded op by op.
   */
  updateInPlace?(
    trace: ActiveTrace,
    variables: Readonly<Record<Slot | "parameter", tf.Variable>>,
    gradient: tf.Tensor,
    numbers: StepNumbers,
  ): void;
}

/** All that an optimiser remembers. The tensors are borrowed: they change as training goes on. */
export interface OptimizerState {
  readonly rule: string;
  /** Steps done. */
  readonly step: number;
  /** By parameter and slot, e.g. `"decoder.out.weight.m"`. */
  readonly slots: StateDict;
}

/** What a checkpoint keeps of an optimiser. */
export type OptimizerMemory = Pick<Optimizer, "step" | "state" | "restore">;

/**
 * Applies an update rule to named parameters. It borrows the parameters and owns its slots.
 *
 * @example
 * const optimizer = adamW(model.namedParameters(), { learningRate: 1e-3 });
 * optimizer.apply(gradients);
 * optimizer.learningRate = 1e-4;
 */
export class Optimizer implements Disposable {
  private steps = 0;
  private rate: number;
  private readonly slots: ReadonlyMap<string, tf.Variable>;

  /** @throws ValueError if the learning rate is negative or not finite */
  constructor(
    private readonly parameters: NamedParameters,
    private readonly rule: UpdateRule,
    learningRate: number,
  ) {
    this.rate = checkedRate(learningRate);
    const slots = new Map<string, tf.Variable>();
    for (const [name, { shape }] of parameters) {
      for (const slot of rule.slots) slots.set(`${name}.${slot}`, zeroVariable(shape));
    }
    this.slots = slots;
  }

  get learningRate(): number {
    return this.rate;
  }

  /** May be changed between steps. @throws ValueError if negative or not finite */
  set learningRate(value: number) {
    this.rate = checkedRate(value);
  }

  /** Steps done. */
  get step(): number {
    return this.steps;
  }

  /** Change every parameter that has a gradient, by one step of the rule. */
  apply(gradients: Gradients): void {
    tf.tidy(() => {
      this.change(gradients, this.nextNumbers());
    });
    this.countStep();
  }

  /** The numbers of the step to come; the caller owns them. */
  nextNumbers(): StepNumbers {
    return { learningRate: tf.scalar(this.rate), step: tf.scalar(this.steps + 1) };
  }

  /**
   * The tensor part of a step, for a compiled training step: the caller passes `nextNumbers()` in
   * as an argument and calls `countStep()` after each run.
   */
  change(gradients: Gradients, numbers: StepNumbers): void {
    for (const [name, parameter] of this.parameters) {
      const gradient = gradients.get(name);
      if (gradient !== undefined) this.changeOne(name, parameter, gradient, numbers);
    }
  }

  countStep(): void {
    this.steps++;
  }

  state(): OptimizerState {
    return { rule: this.rule.name, step: this.steps, slots: Object.fromEntries(this.slots) };
  }

  /** Go on from a saved state; nothing is changed unless all of it fits. @throws CheckpointError */
  restore({ rule, step, slots }: OptimizerState): void {
    if (rule !== this.rule.name) {
      throw new CheckpointError(
        `This optimiser state is of ${rule}, but the optimiser is ${this.rule.name}.`,
        "Use the same optimiser, or start a new run in another folder.",
      );
    }
    assignState(this.slots, slots, "optimiser state");
    this.steps = step;
  }

  dispose(): void {
    for (const variable of this.slots.values()) variable.dispose();
  }

  private changeOne(
    name: string,
    parameter: tf.Variable,
    gradient: tf.Tensor,
    numbers: StepNumbers,
  ): void {
    const slots: Record<string, tf.Variable> = {};
    for (const slot of this.rule.slots) {
      slots[slot] = this.slots.get(`${name}.${slot}`) as tf.Variable;
    }
    const trace = activeTrace();
    if (trace !== undefined && this.rule.updateInPlace !== undefined) {
      this.rule.updateInPlace(trace, { ...slots, parameter }, gradient, numbers);
      return;
    }
    tf.tidy(() => {
      const next = this.rule.update({ parameter, slots }, gradient, numbers);
      parameter.assign(next.parameter);
      for (const slot of this.rule.slots) slots[slot]?.assign(next.slots[slot] as tf.Tensor);
    });
  }
}

function checkedRate(learningRate: number): number {
  assertInRange("Optimizer", "learningRate", learningRate, [0, Number.MAX_VALUE]);
  return learningRate;
}

function zeroVariable(shape: number[]): tf.Variable {
  const isTrainable = false;
  return tf.tidy(() => tf.variable(tf.zeros(shape), isTrainable));
}
