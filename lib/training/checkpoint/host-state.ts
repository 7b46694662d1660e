import { NonFiniteError } from "../../core/errors";
import { tf } from "../../engine/tf";
import type { StateDict } from "../../nn/module";
import { damaged, type HostTensor, type HostTensors } from "./safetensors";

/**
 * Read tensors back to the host.
 *
 * @throws NonFiniteError naming the first tensor that holds a NaN or an infinity: none is saved
 */
export function toHost(state: StateDict): Map<string, HostTensor> {
  const host = new Map<string, HostTensor>();
  for (const [name, tensor] of Object.entries(state)) {
    const { dtype, shape } = tensor;
    const data = tensor.dataSync<"float32" | "int32" | "bool">();
    if (!isFiniteData(data)) {
      throw new NonFiniteError(
        `${name} holds a NaN or an infinity, so it was not saved.`,
        "Go on from the last checkpoint with a lower learning rate.",
      );
    }
    host.set(name, { dtype: dtype as HostTensor["dtype"], shape, data });
  }
  return host;
}

/** Tensors from the host; the caller owns them. */
export function toTensors(host: HostTensors): StateDict {
  const tensors = [...host].map(
    ([name, { data, shape, dtype }]) => [name, tf.tensor(data, [...shape], dtype)] as const,
  );
  return Object.fromEntries(tensors);
}

/** Refuse what a file holds if it is not finite. @throws CheckpointError */
export function assertFiniteFile(host: HostTensors, file: string): void {
  for (const [name, { data }] of host) {
    if (!isFiniteData(data)) throw damaged(file, `${name} holds a NaN or an infinity`);
  }
}

function isFiniteData(data: HostTensor["data"]): boolean {
  return !(data instanceof Float32Array) || data.every(Number.isFinite);
}
