import { activeTrace } from "../engine/tracing";
import { tf } from "../engine/tf";
import { ShapeError } from "./errors";
import { assertTensor } from "./guard";
import { replaceTensors, tensorsIn } from "./structure";

/** A tensor `[B, …]`, or a record of such. */
type Batched = tf.Tensor | { readonly [name: string]: Batched | undefined };

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
  const tensors = tensorsIn(inputs);
  const batch = batchOf(inputs[0], tensors);
  return tf.tidy(() => {
    const sizes = isInPart ? [] : (activeTrace()?.partsOf(batch) ?? []);
    if (sizes.length < 2) return compute(...inputs);
    const pieces = tensors.map((tensor) => tf.split(tensor, sizes, 0));
    return join(
      partByPart(sizes, (part) => {
        let next = 0;
        const mine = (): tf.Tensor => (pieces[next++] as tf.Tensor[])[part] as tf.Tensor;
        return compute(...replaceTensors(inputs, mine));
      }),
    );
  });
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

/** The first axis of all tensors. */
function batchOf(first: Batched, tensors: readonly tf.Tensor[]): number {
  if (tensorsIn(first).length === 0) assertTensor("dataParallel", "input 0", first);
  const [batch, ...others] = tensors.map(({ shape }) => shape[0] ?? 0);
  if (batch !== undefined && batch > 0 && others.every((other) => other === batch)) return batch;
  const shapes = tensors.map(({ shape }) => `[${shape.join(", ")}]`).join(", ");
  throw new ShapeError(
    `dataParallel: all inputs must have shape [B, …] with one and the same B, got ${shapes}.`,
  );
}

function join<O extends Batched>(outputs: readonly O[]): O {
  const columns = outputs.map(tensorsIn);
  let next = 0;
  return replaceTensors(outputs[0] as O, () => {
    const at = next++;
    return tf.concat(
      columns.map((column) => column[at] as tf.Tensor),
      0,
    );
  });
}
