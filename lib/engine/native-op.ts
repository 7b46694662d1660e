import { tf } from "./tf";

/** One attribute of a TensorFlow op; `type` is one of the `TF_ATTR_…` constants. */
export interface Attr {
  readonly name: string;
  readonly type: number;
  readonly value: unknown;
}

/** A tensor inside the native library. */
export interface NativeTensor {
  readonly id: number;
  readonly shape: number[];
  readonly dtype: number;
}

type TypedArray = Float32Array | Int32Array | Uint8Array;

type ConstantName =
  | `TF_${"FLOAT" | "INT32" | "BOOL"}`
  | `TF_ATTR_${"STRING" | "INT" | "FLOAT" | "BOOL" | "TYPE" | "SHAPE"}`;

/** The functions and constants of the addon. */
export interface NativeBinding extends Readonly<Record<ConstantName, number>> {
  readonly TF_Version: string;
  createTensor(shape: readonly number[], dtype: number, values: TypedArray): number;
  deleteTensor(id: number): void;
  tensorDataSync(id: number): TypedArray;
  executeOp(
    op: string,
    attrs: readonly Attr[],
    inputs: readonly number[],
    outputs: number,
  ): NativeTensor[];
  loadSavedModel(folder: string, tags: string): number;
  runSavedModel(
    session: number,
    inputs: readonly number[],
    inputNames: string,
    outputNames: string,
  ): NativeTensor[];
  deleteSavedModel(session: number): void;
}

/** What the backend keeps for one tensor; `values` are host values not yet handed over. */
export interface TensorRecord {
  shape: number[];
  dtype: number;
  values: TypedArray | null;
  id: number;
  refCount: number;
}

/** The parts of the native backend that this library uses and tfjs does not type. */
export interface NativeBackend {
  readonly isUsingGpuDevice: boolean;
  binding: NativeBinding;
  readonly tensorMap: { has(dataId: object): boolean; get(dataId: object): TensorRecord };
  createOutputTensor(native: NativeTensor): tf.Tensor;
  getInputTensorIds(tensors: readonly tf.TensorInfo[]): number[];
  readSync(dataId: object): TypedArray;
  write(values: TypedArray, shape: number[], dtype: tf.DataType): object;
  incRef(dataId: object): void;
  disposeData(dataId: object): boolean;
  executeSingleOutput(op: string, attrs: readonly Attr[], inputs: readonly tf.Tensor[]): tf.Tensor;
  executeMultipleOutputs(
    op: string,
    attrs: readonly Attr[],
    inputs: readonly tf.Tensor[],
    outputs: number,
  ): tf.Tensor[];
}

export function nativeBackend(): NativeBackend {
  return tf.backend() as unknown as NativeBackend;
}

const TYPE_NAMES = { float32: "TF_FLOAT", int32: "TF_INT32", bool: "TF_BOOL" } as const;

/** A type attribute of a TensorFlow op, e.g. `typeAttr("dtype", "float32")`. */
export function typeAttr(name: string, dtype: keyof typeof TYPE_NAMES): Attr {
  const { binding } = nativeBackend();
  return { name, type: binding.TF_ATTR_TYPE, value: binding[TYPE_NAMES[dtype]] };
}

/** A boolean, integer or float attribute of a TensorFlow op. */
export function scalarAttr(name: string, kind: "BOOL" | "INT" | "FLOAT", value: unknown): Attr {
  return { name, type: nativeBackend().binding[`TF_ATTR_${kind}`], value };
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

/** The same for an op with several outputs. */
export function nativeOps(
  op: string,
  attrs: readonly Attr[],
  inputs: readonly tf.Tensor[],
  outputs: number,
): tf.Tensor[] {
  return nativeBackend().executeMultipleOutputs(op, attrs, inputs, outputs);
}
