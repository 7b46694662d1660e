import type { Disposable } from "../core/memory";
import { tf } from "../engine/tf";
import { Module } from "../nn/module";
import type { Optimizer, OptimizerMemory, OptimizerState } from "./optimizer";

/** Something for each of the two players. */
export type Players<T> = { readonly generator: T; readonly discriminator: T };

const NAMES = ["generator", "discriminator"] as const;

/** Both networks as one module, so that a checkpoint holds them together. */
export class PlayerModules extends Module {
  readonly generator: Module;
  readonly discriminator: Module;

  constructor({ generator, discriminator }: Players<Module>) {
    super();
    [this.generator, this.discriminator] = [generator, discriminator];
  }
}

/** Both optimisers as one: what a checkpoint saves and restores. It owns their step counts. */
export class PlayerOptimizers implements OptimizerMemory, Disposable {
  /** Steps done by each, `[2]`. */
  private readonly steps = tf.tidy(() => tf.variable(tf.zeros([2]), false));

  constructor(private readonly optimizers: Players<Optimizer>) {}

  get step(): number {
    return this.optimizers.generator.step;
  }

  state(): OptimizerState {
    const states = NAMES.map((name) => this.optimizers[name].state());
    tf.tidy(() => this.steps.assign(tf.tensor1d(states.map(({ step }) => step))));
    const slots = states.flatMap((state, i) =>
      Object.entries(state.slots).map(([path, slot]) => [`${NAMES[i]}.${path}`, slot] as const),
    );
    return {
      rule: states.map(({ rule }) => rule).join(" and "),
      step: this.step,
      slots: { ...Object.fromEntries(slots), steps: this.steps },
    };
  }

  /** @throws CheckpointError; then nothing is changed */
  restore({ rule, slots }: OptimizerState): void {
    const rules = rule.split(" and ");
    const steps = slots["steps"]?.dataSync() ?? [0, 0];
    const states = NAMES.map((name, i) => ({
      rule: rules[i] ?? rule,
      step: steps[i] as number,
      slots: slotsOf(slots, `${name}.`),
    }));
    const before = this.optimizers.generator.state();
    const kept = Object.entries(before.slots).map(([path, slot]) => [path, slot.clone()] as const);
    try {
      this.optimizers.generator.restore(states[0] as OptimizerState);
      this.optimizers.discriminator.restore(states[1] as OptimizerState);
    } catch (error) {
      this.optimizers.generator.restore({ ...before, slots: Object.fromEntries(kept) });
      throw error;
    } finally {
      tf.dispose(kept.map(([, tensor]) => tensor));
    }
  }

  dispose(): void {
    this.steps.dispose();
  }
}

/** Those whose path begins with `prefix`, without it. */
function slotsOf(slots: OptimizerState["slots"], prefix: string): OptimizerState["slots"] {
  const own = Object.entries(slots).filter(([path]) => path.startsWith(prefix));
  return Object.fromEntries(own.map(([path, slot]) => [path.slice(prefix.length), slot]));
}
