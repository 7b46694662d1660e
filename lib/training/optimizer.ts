import { CheckpointError } from "../core/errors";
import { assertInRange } from "../core/guard";
import type { Disposable } from "../core/memory";
import { tf } from "../engine/tf";
import { assignState, type StateDict } from "../nn/module";
import type { Gradients, NamedParameters } from "./gradients";

/** Numbers that differ from step to step. */
export interface StepNumbers {
  readonly learningRate: number;
  /** Which step this is: 1, 2, 3, … */
  readonly step: number;
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
}

/** All that an optimiser remembers. The tensors are borrowed: they change as training goes on. */
export interface OptimizerState {
  readonly rule: string;
  /** Steps done. */
  readonly step: number;
  /** By parameter and slot, e.g. `"decoder.out.weight.m"`. */
  readonly slots: StateDict;
}

/**
 * Applies an update rule to named parameters. It borrows the parameters and owns its slots.
 *
 * @example
 * const optimizer = adamW(model.namedParameters(), { learningRate: 1e-3 });
 * optimizer.step(gradients);
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

  /** Change every parameter that has a gradient, by one step of the rule. */
  step(gradients: Gradients): void {
    const numbers = { learningRate: this.rate, step: ++this.steps };
    for (const [name, parameter] of this.parameters) {
      const gradient = gradients.get(name);
      if (gradient === undefined) continue;
      tf.tidy(() => {
        const next = this.rule.update(this.stateOf(name, parameter), gradient, numbers);
        parameter.assign(next.parameter);
        for (const slot of this.rule.slots) {
          this.slots.get(`${name}.${slot}`)?.assign(next.slots[slot] as tf.Tensor);
        }
      });
    }
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

  private stateOf(name: string, parameter: tf.Variable): ParameterState {
    const slots: Record<string, tf.Tensor> = {};
    for (const slot of this.rule.slots) {
      slots[slot] = this.slots.get(`${name}.${slot}`) as tf.Variable;
    }
    return { parameter, slots };
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
