import { tf } from "./tf";

/** The parts of the native backend that this library uses and tfjs does not type. */
interface NativeBackend {
  readonly isUsingGpuDevice: boolean;
  readonly binding: Readonly<Record<string, number>> & { readonly TF_Version: string };
  executeSingleOutput(op: string, attrs: readonly Attr[], inputs: readonly tf.Tensor[]): tf.Tensor;
  executeMultipleOutputs(
    op: string,
    attrs: readonly Attr[],
    inputs: readonly tf.Tensor[],
    outputs: number,
  ): tf.Tensor[];
}

export interface Attr {
  readonly name: string;
  readonly type: number;
  readonly value: unknown;
}

export function nativeBackend(): NativeBackend {
  return tf.backend() as unknown as NativeBackend;
}

const TYPE_ENUM = { float32: "TF_FLOAT", int32: "TF_INT32", bool: "TF_BOOL" } as const;

/** A type attribute of a TensorFlow op, e.g. `typeAttr("dtype", "float32")`. */
export function typeAttr(name: string, dtype: keyof typeof TYPE_ENUM): Attr {
  const { binding } = nativeBackend();
  return { name, type: binding["TF_ATTR_TYPE"] as number, value: binding[TYPE_ENUM[dtype]] };
}

/** A boolean, integer or float attribute of a TensorFlow op. */
export function scalarAttr(name: string, kind: "BOOL" | "INT" | "FLOAT", value: unknown): Attr {
  return { name, type: nativeBackend().binding[`TF_ATTR_${kind}`] as number, value };
}

/**
 * Run one TensorFlow op that tfjs does not wrap. It has no gradient of its own: give it one with
 * `tf.customGrad` where it is needed.
 */
export function nativeOp(
  op: string,
  attrs: readonly Attr[],
  inputs: readonly tf.Tensor[],
): tf.Tensor {
  return nativeBackend().executeSingleOutput(op, attrs, inputs);
}
