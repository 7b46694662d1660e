import { nativeBackend } from "../engine/native-op";
import { threadCount } from "../engine/threads";
import { activeTrace } from "../engine/tracing";
import { leavesOf } from "./arguments";
import { CompileProgress } from "./compile-progress";
import { CompiledTrace } from "./compiled-trace";

export type CompileOptions = {
  /** False runs the function as it is, op by op: for teaching and for debugging. Default true. */
  readonly compile?: boolean;
  /**
   * In how many parts a batch may be computed side by side, where the function allows it
   * (`core.dataParallel`; the library's networks without batch norm do). Default: the number of
   * threads, at most 4; 1 on a GPU.
   */
  readonly maxParts?: number;
};

/** More parts make a longer graph, and each waits for the slowest. */
const MOST_PARTS = 4;

/**
 * A function that runs as one TensorFlow graph. It takes tensors, `Rng`s and host values (numbers,
 * texts, booleans), also in arrays and records, and gives back tensors, also in arrays and records.
 */
export interface Compiled<A extends readonly unknown[], R> {
  (...args: A): R;
  /** How many graphs it has: one for each combination of argument shapes and host values. */
  readonly traceCount: number;
  /** Free the graphs. Variables keep their values; the next call compiles anew. */
  dispose(): void;
}

/**
 * Make one TensorFlow graph of a function, such as a whole training step: forward pass, gradients
 * and optimiser update. The first call with new argument shapes traces it; later calls run the
 * graph, several times faster than op by op and with the same result.
 *
 * Inside, variables are read and assigned as usual, and draws from an `Rng` continue it exactly as
 * eager draws would. Tensors from outside are used by reference. Host values (numbers in closures)
 * become part of the graph: keep what changes in a `tf.Variable` or pass it as a tensor.
 *
 * @example
 * const step = compile((x: tf.Tensor) => {
 *   const { value, grads } = tf.variableGrads(() => loss(x));
 *   optimizer.apply(grads);
 *   return value;
 * });
 * for (const x of batches) console.log(step(x).dataSync()[0]);
 * step.dispose();
 *
 * @returns the compiled function; it owns its graphs (`dispose`), callers own its outputs
 * @throws CompileError at the first call, if the function reads tensor values, or uses a host value
 *   that changes from call to call
 */
export function compile<A extends readonly unknown[], R>(
  fn: (...args: A) => R,
  { compile: isCompiled = true, maxParts = defaultParts() }: CompileOptions = {},
): Compiled<A, R> {
  const traces = new Map<string, CompiledTrace>();
  const compiled = (...args: A): R => {
    if (!isCompiled || activeTrace() !== undefined) return fn(...args);
    const leaves = leavesOf(args);
    let trace = traces.get(leaves.signature);
    if (trace === undefined) {
      const progress = new CompileProgress();
      try {
        trace = CompiledTrace.of(fn as never, args, leaves, { progress, maxParts });
        traces.set(leaves.signature, trace);
        // TensorFlow optimises the graph when it first runs.
        return trace.run(leaves) as R;
      } finally {
        progress.end("Compiled a function");
      }
    }
    return trace.run(leaves) as R;
  };
  const dispose = (): void => {
    for (const trace of traces.values()) trace.dispose();
    traces.clear();
  };
  const properties = { traceCount: { get: () => traces.size }, dispose: { value: dispose } };
  return Object.defineProperties(compiled, properties) as Compiled<A, R>;
}

function defaultParts(): number {
  return nativeBackend().isUsingGpuDevice ? 1 : Math.min(threadCount(), MOST_PARTS);
}
