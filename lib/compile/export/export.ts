import { mkdirSync } from "node:fs";
import { join } from "node:path";

import { CheckpointError, ValueError } from "../../core/errors";
import { writeWhole } from "../../core/files";
import type { Graph } from "../graph";
import { type Port, savedModelBytes, type Signature } from "../saved-model";
import { joinRecordings, neededFor } from "./any-batch";
import { dtypeOf, type ExportedFunction } from "./functions";
import { knownValues, record, type Recording } from "./recording";

/** Batches for which functions are recorded; 1 is left out, since tfjs takes short cuts for it. */
const BATCHES = [2, 3] as const;

/**
 * Write functions of tensors as a TensorFlow SavedModel, which Python, C++ and TensorFlow Serving
 * open: one file, `FOLDER/saved_model.pb`. Weights go into it as they are now, once for all
 * functions. Name the main one `serving_default`: tools look for it.
 *
 * @example
 * exportSavedModel("exported/decoder", {
 *   serving_default: exportedFunction({
 *     inputs: { z: { shape: [null, 20] } },
 *     run: ({ z }) => ({ pictures: vae.decode(z as Latents).sigmoid() }),
 *   }),
 * });
 * // Python: tf.saved_model.load("exported/decoder").signatures["serving_default"](z=z)["pictures"]
 *
 * @param folder made if it is not there
 * @throws ValueError for a name or a shape that a signature cannot have
 * @throws CompileError if a function reads values, draws at random (take the noise as an input),
 *   changes a variable, or depends on the batch in other ways than by its size
 * @throws CheckpointError if the file cannot be written
 */
export function exportSavedModel(
  folder: string,
  functions: Readonly<Record<string, ExportedFunction>>,
): void {
  assertNames(functions);
  const [first, second] = BATCHES.map((batch) => record(functions, batch)) as [
    Recording,
    Recording,
  ];
  const inputs = new Map(Object.entries(functions).flatMap(([name, fn]) => portsOf(name, fn)));
  const graph = joinRecordings([first, second], {
    known: knownValues(first.trace),
    inputs,
    inputAt: (index) => first.sections.find(({ end }) => index < end)?.batched,
  });
  const signatures = signaturesOf(functions, [first, second], graph);
  const ends = [...inputs.keys(), ...Object.values(signatures).flatMap(nodesOf)];
  const bytes = savedModelBytes(neededFor(ends, graph), signatures);
  try {
    mkdirSync(folder, { recursive: true });
    writeWhole(join(folder, "saved_model.pb"), bytes);
  } catch (cause) {
    throw new CheckpointError(`${folder}: the model could not be written.`, undefined, { cause });
  }
}

/** The inputs of a function by the names of their nodes. */
function portsOf(name: string, { inputs }: ExportedFunction): [string, Port][] {
  return Object.entries(inputs).map(([input, spec]) => {
    const [node, shape] = [`${name}/${input}`, spec.shape.map((axis) => axis ?? -1)];
    return [node, { node, dtype: dtypeOf(spec), shape }];
  });
}

function signaturesOf(
  functions: Readonly<Record<string, ExportedFunction>>,
  [first, second]: readonly [Recording, Recording],
  graph: Graph,
): Record<string, Signature> {
  const signatures = Object.entries(functions).map(([name, fn]): [string, Signature] => {
    const outputs = [...first.outputs].filter(([output]) => output.startsWith(`${name}/`));
    const ports = outputs.map(([output, { node, dtype, shape }]): [string, Port] => {
      const sizes = second.outputs.get(output)?.shape as readonly number[];
      const any = shape.map((axis, i) => (axis === sizes[i] ? axis : -1));
      return [output, { node: graph.identity(`${output}/output`, node, dtype), dtype, shape: any }];
    });
    return [
      name,
      { inputs: unprefixed(name, portsOf(name, fn)), outputs: unprefixed(name, ports) },
    ];
  });
  return Object.fromEntries(signatures);
}

function unprefixed(name: string, ports: readonly [string, Port][]): Record<string, Port> {
  return Object.fromEntries(ports.map(([path, port]) => [path.slice(name.length + 1), port]));
}

function nodesOf({ outputs }: Signature): string[] {
  return Object.values(outputs).map(({ node }) => node);
}

function assertNames(functions: Readonly<Record<string, ExportedFunction>>): void {
  for (const [name, { inputs }] of Object.entries(functions)) {
    for (const word of [name, ...Object.keys(inputs)]) {
      if (/^[A-Za-z][A-Za-z0-9_]*$/.test(word)) continue;
      throw new ValueError(
        `exportSavedModel: "${word}" cannot be a name: letters, digits and _, a letter first.`,
      );
    }
    for (const [input, { shape }] of Object.entries(inputs)) {
      if (shape.slice(1).every((axis) => axis !== null)) continue;
      throw new ValueError(
        `exportSavedModel: ${name}'s ${input} has shape [${shape.join()}]: only the first axis ` +
          `can be the batch.`,
      );
    }
  }
}
