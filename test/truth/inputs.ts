import { core, tf } from "latentlab";

import { isTensor, type TruthInput, type TruthTensor } from "./format";

/** The inputs of one case, read by name and kind; a missing or other kind of input throws. */
export class Inputs {
  constructor(private readonly values: Readonly<Record<string, TruthInput>>) {}

  has(name: string): boolean {
    return name in this.values;
  }

  number(name: string): number {
    const value = this.get(name);
    if (typeof value !== "number") throw this.wrongKind(name, "number");
    return value;
  }

  text(name: string): string {
    const value = this.get(name);
    if (typeof value !== "string") throw this.wrongKind(name, "text");
    return value;
  }

  /** A plain list of numbers. */
  list(name: string): readonly number[] {
    const value = this.get(name);
    if (!Array.isArray(value)) throw this.wrongKind(name, "list");
    return value as number[];
  }

  /** The values of a tensor, row-major, as JavaScript numbers. */
  array(name: string): readonly number[] {
    return this.raw(name).data;
  }

  shape(name: string): readonly number[] {
    return this.raw(name).shape;
  }

  /** A tensor, float32 unless told otherwise. Mappings run inside a tidy, which frees it. */
  tensor<T extends tf.Tensor = tf.Tensor>(name: string, dtype: tf.DataType = "float32"): T {
    const { data, shape } = this.raw(name);
    return tf.tensor([...data], [...shape], dtype) as T;
  }

  private raw(name: string): TruthTensor {
    const value = this.get(name);
    if (!isTensor(value)) throw this.wrongKind(name, "tensor");
    return value;
  }

  private get(name: string): TruthInput {
    const value = this.values[name];
    if (value === undefined) throw new core.DataFormatError(`This case has no input ${name}.`);
    return value;
  }

  private wrongKind(name: string, kind: string): core.DataFormatError {
    return new core.DataFormatError(`Input ${name} is not a ${kind}.`);
  }
}
