import { withRepair } from "./recovery";
import type { tf } from "./tf";

/** Whoever draws random numbers from a key and a counter: see `Rng`. */
export interface SeedSource {
  readonly state: () => { readonly key: number; readonly counter: number };
  readonly advance: (draws: number) => void;
}

/** What library code may ask of a trace in progress (see `compile`). */
export interface ActiveTrace {
  /**
   * Sizes of the parts in which a batch of independent examples is computed side by side; one part
   * where that does not pay. Operations of a graph with several parts have the fewer threads each.
   */
  partsOf(batch: number): number[];
  /**
   * The `[key, counter]` seed, int32, of the next draw of `source`, as a tensor of the graph: each
   * run of the compiled function continues the source exactly as eager code would.
   */
  seed(source: SeedSource): tf.Tensor;
  /**
   * Variables change only in those runs in which `condition`, bool `[]`, holds. What is computed
   * from changed variables may then be assigned, but not returned.
   */
  onlyIf(condition: tf.Tensor): void;
  /**
   * Emit one op of the graph that changes variables in place, all of type float32, and has no
   * output.
   */
  update(op: string, variables: readonly tf.Variable[], inputs: readonly tf.Tensor[]): void;
}

let active: ActiveTrace | undefined;

/** The trace in progress, or undefined while code runs eagerly. */
export function activeTrace(): ActiveTrace | undefined {
  return active;
}

/** Run `body` with `trace` active; nested traces are the caller's error. */
export function withTrace<T>(trace: ActiveTrace, body: () => T): T {
  active = trace;
  return withRepair(() => (active = undefined), body);
}

/** variable ← variable − rate·direction, in one pass over the variable. */
export function moveInPlace(
  trace: ActiveTrace,
  variable: tf.Variable,
  rate: tf.Tensor,
  direction: tf.Tensor,
): void {
  trace.update("ResourceApplyGradientDescent", [variable], [rate, direction]);
}
