import type { Attr, NativeBinding } from "../engine/native-op";
import { BOOL, INT32 } from "./attributes";
import type { ConstantValue, Spec } from "./graph";
import { CompileError } from "./session";

/** An input of an op whose output shapes are asked for. */
export interface OpInput extends Spec {
  readonly constant?: ConstantValue;
}

/**
 * Output shapes and types of ops, found by running each kind of op once on stand-ins: constants
 * keep their values (they carry shapes, axes and sizes), all else is zeros. Nothing of the traced
 * function is computed, and at most one op's tensors are alive at a time, so that a trace needs
 * little memory however large the model is.
 */
export class ShapeOracle {
  private readonly known = new Map<string, readonly Spec[]>();

  constructor(private readonly binding: NativeBinding) {}

  outputs(op: string, attrs: readonly Attr[], inputs: readonly OpInput[], count: number): Spec[] {
    const key = JSON.stringify([op, attrs, inputs.map(describe)]);
    let specs = this.known.get(key);
    if (specs === undefined) {
      specs = this.execute(op, attrs, inputs, count);
      this.known.set(key, specs);
    }
    return [...specs];
  }

  private execute(op: string, attrs: readonly Attr[], inputs: readonly OpInput[], count: number) {
    // Whole-number division by zero is an error in TensorFlow: ones are the second choice.
    let failure: unknown;
    for (const fill of [0, 1]) {
      const ids = inputs.map((input) => this.standIn(input, fill));
      try {
        const outputs = this.binding.executeOp(op, attrs, ids, count);
        for (const { id } of outputs) this.binding.deleteTensor(id);
        return outputs.map(({ shape, dtype }) => ({ shape, dtype }));
      } catch (error) {
        failure = error;
      } finally {
        for (const id of ids) this.binding.deleteTensor(id);
      }
    }
    const reason = failure instanceof Error ? failure.message : String(failure);
    throw new CompileError(`${op} fails in the compiled function: ${reason}`);
  }

  private standIn({ dtype, shape, constant }: OpInput, fill: number): number {
    if (constant) return this.binding.createTensor(shape, dtype, typedArray(constant));
    const size = shape.reduce((product, axis) => product * axis, 1);
    return this.binding.createTensor(shape, dtype, new (arrayType(dtype))(size).fill(fill));
  }
}

function describe({ dtype, shape, constant }: OpInput): unknown[] {
  return [dtype, shape, constant && Buffer.from(constant.bytes).toString("base64")];
}

/** The elements of a constant, as the binding takes them. */
export function typedArray({ dtype, bytes }: ConstantValue): TypedArray {
  return new (arrayType(dtype))(bytes.slice().buffer);
}

type TypedArray = Float32Array | Int32Array | Uint8Array;

function arrayType(dtype: number): new (content: number | ArrayBuffer) => TypedArray {
  if (dtype === INT32) return Int32Array;
  return dtype === BOOL ? Uint8Array : Float32Array;
}
