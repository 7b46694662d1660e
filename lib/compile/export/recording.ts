import { nativeBackend } from "../../engine/native-op";
import type { tf } from "../../engine/tf";
import { type ConstantValue, Graph } from "../graph";
import { CompileError } from "../session";
import type { GraphValue } from "../symbols";
import { Trace } from "../trace";
import { bytesOf } from "./bytes";
import { dtypeOf, type ExportedFunction } from "./functions";

export interface Recording {
  readonly trace: Trace;
  readonly graph: Graph;
  readonly batch: number;
  /** The nodes of each function, up to `end`, and one of its inputs that has the batch axis. */
  readonly sections: readonly { readonly end: number; readonly batched: string | undefined }[];
  /** By "function/output". */
  readonly outputs: ReadonlyMap<string, GraphValue>;
}

export function record(
  functions: Readonly<Record<string, ExportedFunction>>,
  batch: number,
): Recording {
  const graph = new Graph(false);
  const trace = new Trace(() => undefined, graph);
  const sections: Recording["sections"][number][] = [];
  const names: string[] = [];
  const values = trace.record(() =>
    Object.entries(functions).flatMap(([name, { inputs, run }]) => {
      const given = Object.entries(inputs).map(([input, spec]) => {
        const size = { dtype: dtypeOf(spec), shape: spec.shape.map((axis) => axis ?? batch) };
        return [input, trace.argument(`${name}/${input}`, size)] as const;
      });
      const outputs = Object.entries(run(Object.fromEntries(given)));
      const batched = Object.entries(inputs).find(([, { shape }]) => shape[0] === null)?.[0];
      sections.push({
        end: graph.size,
        batched: batched === undefined ? undefined : `${name}/${batched}`,
      });
      names.push(...outputs.map(([output]) => `${name}/${output}`));
      return outputs.map(([, tensor]) => tensor);
    }),
  );
  assertPure(trace);
  const outputs = new Map(names.map((name, i) => [name, values[i] as GraphValue]));
  return { trace, graph, batch, sections, outputs };
}

function assertPure({ seeds, created, updates }: Trace): void {
  const fault =
    seeds.length > 0
      ? "draws at random"
      : created.length > 0
        ? "makes variables"
        : updates.length > 0
          ? "changes a variable"
          : undefined;
  if (fault === undefined) return;
  throw new CompileError(
    `A function to export ${fault}: whoever opens the model expects the same output each time.`,
    "Take the noise as an input, and build networks outside the function.",
  );
}

/** Weights, and tensors from outside, as they are now, by the nodes that read them. */
export function knownValues({ variables, captures }: Trace): ReadonlyMap<string, ConstantValue> {
  const backend = nativeBackend();
  const known = new Map<string, ConstantValue>();
  const add = (name: string, dataId: object): void => {
    const [id] = backend.getInputTensorIds([{ dataId } as tf.TensorInfo]);
    const { dtype, shape } = backend.tensorMap.get(dataId);
    const bytes = bytesOf(backend.binding.tensorDataSync(id as number));
    known.set(name, { dtype, shape: [...shape], bytes });
  };
  for (const { index, variable } of variables.used) add(`read_${index}`, variable.dataId);
  for (const { name, dataId } of captures) add(name, dataId);
  return known;
}
