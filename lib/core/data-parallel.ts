import { activeTrace } from "../engine/tracing";
import { tf } from "../engine/tf";
import { ShapeError } from "./errors";
import { assertTensor } from "./guard";

/** A tensor `[B, …]`, or a record of such tensors. */
type Batched = tf.Tensor | Readonly<Record<string, tf.Tensor>>;

/**
 * Compute a function of independent examples. In a compiled function on several cores the batch is
 * cut into parts and `compute` is recorded for each, so that TensorFlow works on them side by side:
 * two cores that each follow half of a network's examples wait for each other once, not in every
 * operation. Elsewhere it is `compute` itself. The result differs by rounding only, gradients too.
 *
 * @param inputs what belongs to the examples, all with the same first axis; what is undefined stays
 *   undefined
 * @param compute may not mix examples (batch norm does) nor draw at random: its draws would be others
 *   than without `compile`
 * @returns what `compute` returns of the whole batch; the caller owns it
 * @throws ShapeError if the first axes differ
 */
export function dataParallel<
  I extends readonly [Batched, ...(Batched | undefined)[]],
  O extends Batched,
>(inputs: I, compute: (...inputs: I) => O): O {
  const batch = batchOf(inputs);
  return tf.tidy(() => {
    const sizes = isInPart ? [] : (activeTrace()?.partsOf(batch) ?? []);
    if (sizes.length < 2) return compute(...inputs);
    const columns = inputs.map((input) => cut(input, sizes));
    return join(partByPart(sizes, (i) => compute(...(columns.map((parts) => parts[i]) as never))));
  }) as O;
}

let isInPart = false;

/** Functions that compute in parts may call each other; the outermost decides. */
function partByPart<O>(sizes: readonly number[], compute: (part: number) => O): O[] {
  isInPart = true;
  try {
    return sizes.map((_, i) => compute(i));
  } finally {
    isInPart = false;
  }
}

/** The first axis of all inputs. */
function batchOf(inputs: readonly (Batched | undefined)[]): number {
  const batches = inputs.flatMap((input, i) =>
    input === undefined && i > 0 ? [] : tensorsOf(input).map((tensor) => firstAxis(tensor, i)),
  );
  const [batch] = batches;
  if (batch !== undefined && batches.every((other) => other === batch)) return batch;
  throw new ShapeError(
    `dataParallel: all inputs must have one and the same first axis, got ${batches.join(", ")}.`,
  );
}

function tensorsOf(value: Batched | undefined): tf.Tensor[] {
  const isRecord = value?.constructor === Object;
  return isRecord ? Object.values(value) : [value as tf.Tensor];
}

function firstAxis(tensor: tf.Tensor, input: number): number {
  assertTensor("dataParallel", `input ${input}`, tensor);
  const [batch = 0] = tensor.shape;
  if (batch > 0) return batch;
  throw new ShapeError(
    `dataParallel: input ${input} must have shape [B, …], got [${tensor.shape.join(", ")}].`,
  );
}

function cut(value: Batched | undefined, sizes: number[]): (Batched | undefined)[] {
  if (value === undefined) return sizes.map(() => undefined);
  if (value instanceof tf.Tensor) return tf.split(value, sizes, 0);
  const columns = Object.entries(value).map(([name, tensor]) => {
    return { name, parts: tf.split(tensor, sizes, 0) };
  });
  return sizes.map((_, i) =>
    Object.fromEntries(columns.map(({ name, parts }) => [name, parts[i] as tf.Tensor])),
  );
}

function join(outputs: readonly Batched[]): Batched {
  const [first] = outputs as [Batched];
  if (first instanceof tf.Tensor) return tf.concat(outputs as tf.Tensor[], 0);
  const columnOf = (name: string): tf.Tensor[] =>
    outputs.map((output) => (output as Readonly<Record<string, tf.Tensor>>)[name] as tf.Tensor);
  return Object.fromEntries(Object.keys(first).map((name) => [name, tf.concat(columnOf(name), 0)]));
}
