import { replaceTensors, tensorsIn } from "../core/structure";
import { type NativeTensor, nativeBackend } from "../engine/native-op";
import type { SeedSource } from "../engine/tracing";
import { tf } from "../engine/tf";
import type { Leaves } from "./arguments";
import { BatchParts } from "./batch-parts";
import type { CompileProgress } from "./compile-progress";
import { Graph } from "./graph";
import {
  type VariableHolder,
  detachClones,
  evacuate,
  isResident,
  noteChanged,
  noteLoaded,
} from "./residency";
import { CompileError, GraphSession } from "./session";
import type { GraphValue } from "./symbols";
import { Trace } from "./trace";

type TracedFunction = (...args: never[]) => unknown;

export type TraceOptions = {
  readonly progress: CompileProgress;
  /** In how many parts a batch may be computed (`core.dataParallel`). */
  readonly maxParts: number;
};

/** One graph of a compiled function: for one set of argument shapes. */
export class CompiledTrace implements VariableHolder {
  private readonly session: GraphSession;
  /** Which argument each generator was, if it was one. */
  private readonly sourceArguments: readonly number[];
  private readonly changed: readonly tf.Variable[];

  private constructor(
    private readonly trace: Trace,
    /** The function's result, with symbolic tensors where its outputs belong. */
    private readonly result: unknown,
    private readonly fetches: readonly string[],
    { sources }: Leaves,
  ) {
    this.sourceArguments = trace.seeds.map(({ source }) => sources.indexOf(source));
    this.changed = trace.variables.used.filter((v) => v.isAssigned).map((v) => v.variable);
    this.session = new GraphSession(trace.graph, trace.parts.threadsEach);
  }

  /** @throws CompileError if the function cannot be traced or TensorFlow refuses the graph */
  static of(
    fn: TracedFunction,
    args: readonly unknown[],
    leaves: Leaves,
    { progress, maxParts }: TraceOptions,
  ): CompiledTrace {
    const first = traceOnce(fn, args, maxParts, (size) => {
      progress.at(() => `recorded ${size} operations`);
    });
    if (first.trace.created.length > 0) {
      initializeCreated(first.trace, leaves);
      return CompiledTrace.of(fn, args, leaves, { progress, maxParts });
    }
    const total = first.trace.graph.size;
    const second = traceOnce(fn, args, maxParts, (size) => {
      progress.at(() => `checked ${size} of ${total} operations`);
    });
    progress.at(() => `TensorFlow prepares ${total} operations`);
    refuseFrozenValues(first.trace, second.trace);
    const { trace, result, outputs } = second;
    const finished = trace.finish();
    const fetches = outputs.length === 0 ? [finished] : addOutputs(trace, outputs, [finished]);
    return new CompiledTrace(trace, result, fetches, leaves);
  }

  /** A graph that computes the first values of the variables that a traced function made. */
  static ofFirstValues(trace: Trace, leaves: Leaves): CompiledTrace {
    const values = trace.created.map(({ value }) => value);
    const result = trace.created.map(({ variable }) => variable);
    return new CompiledTrace(trace, result, addOutputs(trace, values, []), leaves);
  }

  run({ tensors, sources }: Leaves): unknown {
    this.loadVariables();
    detachClones(this.changed);
    const feeds = new Map<string, number>();
    this.feedArguments(tensors, feeds);
    this.feedCaptures(feeds);
    const seedIds = this.feedSeeds(sources, feeds);
    const outputs = this.session.run(feeds, this.fetches);
    for (const id of seedIds) nativeBackend().binding.deleteTensor(id);
    noteChanged(this.changed, this);
    return this.wrap(outputs);
  }

  fetch(variable: tf.Variable): number {
    const { index } = this.trace.variables.use(variable);
    const [value] = this.session.run(new Map(), [`read_${index}`]);
    return (value as NativeTensor).id;
  }

  dispose(): void {
    evacuate(
      this.trace.variables.used.map(({ variable }) => variable),
      this,
    );
    this.session.dispose();
  }

  /** Bring into the session what was assigned outside it since the last run. */
  private loadVariables(): void {
    const feeds = new Map<string, number>();
    const fetches: string[] = [];
    const used = this.trace.variables.used;
    for (const { variable } of used) {
      if (!variable.isDisposed) continue;
      throw new CompileError(
        `A compiled function uses the variable ${variable.name}, which was disposed.`,
        "Compile again with the new variable.",
      );
    }
    const missing = used.filter(({ variable }) => !isResident(variable, this));
    if (missing.length > 0) {
      evacuate(
        missing.map(({ variable }) => variable),
        this,
      );
    }
    for (const { variable, index } of missing) {
      const [id] = nativeBackend().getInputTensorIds([variable]);
      feeds.set(`feed_${index}`, id as number);
      fetches.push(`loaded_${index}`);
      noteLoaded(variable, this);
    }
    if (fetches.length === 0) return;
    for (const { id } of this.session.run(feeds, fetches)) {
      nativeBackend().binding.deleteTensor(id);
    }
  }

  private feedArguments(tensors: readonly tf.Tensor[], feeds: Map<string, number>): void {
    const ids = nativeBackend().getInputTensorIds(tensors);
    ids.forEach((id, i) => feeds.set(`argument_${i}`, id));
  }

  private feedCaptures(feeds: Map<string, number>): void {
    const { tensorMap } = nativeBackend();
    for (const { name, dataId } of this.trace.captures) {
      if (!tensorMap.has(dataId)) {
        throw new CompileError(
          "A compiled function uses a tensor from outside that was disposed.",
          "Keep it alive (tf.keep) as long as the function is used, or pass it as an argument.",
        );
      }
      feeds.set(name, tensorMap.get(dataId).id);
    }
  }

  /** Seeds are fed where each generator stands; it then moves on by the draws of one run. */
  private feedSeeds(sources: readonly SeedSource[], feeds: Map<string, number>): number[] {
    const { binding } = nativeBackend();
    return this.trace.seeds.map(({ name, source, draws }, i) => {
      const current = sources[this.sourceArguments[i] as number] ?? source;
      const { key, counter } = current.state();
      const id = binding.createTensor([2], binding.TF_INT32, Int32Array.of(key, counter));
      feeds.set(name, id);
      current.advance(draws);
      return id;
    });
  }

  private wrap(outputs: readonly NativeTensor[]): unknown {
    const tensors = outputs.map((native) => nativeBackend().createOutputTensor(native));
    let next = 0;
    const result = replaceTensors(this.result, () => tensors[next++] as tf.Tensor);
    // The first fetch of a function without outputs only says that it has run.
    for (const spare of tensors.slice(next)) spare.dispose();
    return result;
  }
}

interface Recording {
  readonly trace: Trace;
  readonly result: unknown;
  readonly outputs: readonly GraphValue[];
}

function traceOnce(
  fn: TracedFunction,
  args: readonly unknown[],
  maxParts: number,
  onOp: (size: number) => void,
): Recording {
  const trace = new Trace(onOp, new Graph(), new BatchParts(maxParts));
  let result: unknown;
  const outputs = trace.record(() => {
    let index = 0;
    const symbolic = replaceTensors(args, (tensor) =>
      trace.argument(`argument_${index++}`, nativeSpec(tensor)),
    );
    result = fn(...(symbolic as never[]));
    return tensorsIn(result);
  });
  return { trace, result, outputs };
}

function nativeSpec({ dataId }: tf.Tensor): { dtype: number; shape: number[] } {
  const { dtype, shape } = nativeBackend().tensorMap.get(dataId);
  return { dtype, shape: [...shape] };
}

/**
 * A function may make variables at its first call, as tfjs's optimisers do. They get the values
 * that they would have had; the function is then traced again, now that they exist.
 */
function initializeCreated(trace: Trace, leaves: Leaves): void {
  const variables = trace.created.map(({ variable }) => variable);
  for (const traced of trace.variables.used) traced.isAssigned = false; // nothing is updated
  for (const seed of trace.seeds) seed.draws = 0; // nor drawn
  const graph = CompiledTrace.ofFirstValues(trace, leaves);
  const values = graph.run(leaves) as tf.Tensor[];
  variables.forEach((variable, i) => variable.assign(values[i] as tf.Tensor));
  for (const value of values) value.dispose();
  graph.dispose();
}

/** unknown wait for the updates, so that fetching them runs the whole function. */
function addOutputs(
  { graph }: Trace,
  outputs: readonly GraphValue[],
  after: readonly string[],
): string[] {
  return outputs.map(({ node, dtype }, i) => graph.identity(`output_${i}`, node, dtype, after));
}

/** Two traces of one function differ when a host value changes from call to call. */
function refuseFrozenValues(first: Trace, second: Trace): void {
  const at = first.log.findIndex((line, i) => line !== second.log[i]);
  if (at < 0 && first.log.length === second.log.length && first.graph.equals(second.graph)) return;
  throw new CompileError(
    "A compiled function uses a host value that changes from call to call (Math.random, a " +
      "counter, a tensor made from host data): it would be frozen into the graph. " +
      `First seen at: ${first.log[at]?.slice(0, 80) ?? "the constants"}.`,
    "Draw from an Rng, keep counters in a tf.Variable, or pass the value as a tensor.",
  );
}
