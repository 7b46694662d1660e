import type { tf } from "../../engine/tf";
import { FLOAT, INT32 } from "../attributes";

/** What a function of an exported model takes under one name. */
export type InputSpec = {
  /** `null`, as the first axis only, is the batch: any number of examples, the same in all inputs. */
  readonly shape: readonly (number | null)[];
  /** Default "float32". */
  readonly dtype?: "float32" | "int32";
};

/** A function of an exported model: tensors by name to tensors by name. */
export interface ExportedFunction<K extends string = string> {
  readonly inputs: Readonly<Record<K, InputSpec>>;
  run(inputs: Readonly<Record<K, tf.Tensor>>): Readonly<Record<string, tf.Tensor>>;
}

/** Let the names of the inputs follow from their list. */
export function exportedFunction<K extends string>(fn: ExportedFunction<K>): ExportedFunction {
  return fn;
}

/** TensorFlow's number for an input's type. */
export function dtypeOf({ dtype = "float32" }: InputSpec): number {
  return dtype === "float32" ? FLOAT : INT32;
}
