import type { NativeTensor } from "../engine/native-op";
import type { ConstantValue, Spec } from "./graph";

/** Ids from here on are symbolic: they name outputs of graph nodes, not tensors in memory. */
const FIRST_SYMBOLIC_ID = 1 << 30;

/** One output of a node of the graph. */
export interface GraphValue extends Spec {
  readonly node: string;
  readonly constant?: ConstantValue;
}

/** Which graph value stands behind which tensor id while a function is traced. */
export class SymbolTable {
  private readonly values: GraphValue[] = [];
  private readonly outside = new Map<number, GraphValue>();

  static isSymbolic(id: number): boolean {
    return id >= FIRST_SYMBOLIC_ID;
  }

  /** A new symbolic tensor for `value`, in the form in which the binding returns tensors. */
  symbol(value: GraphValue): NativeTensor {
    const id = FIRST_SYMBOLIC_ID + this.values.push(value) - 1;
    return { id, shape: [...value.shape], dtype: value.dtype };
  }

  /** Let the real tensor `id` stand for `value` too. */
  alias(id: number, value: GraphValue): void {
    this.outside.set(id, value);
  }

  lookup(id: number): GraphValue | undefined {
    return SymbolTable.isSymbolic(id) ? this.values[id - FIRST_SYMBOLIC_ID] : this.outside.get(id);
  }
}
