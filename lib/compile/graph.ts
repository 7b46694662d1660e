import {
  INT32,
  intAttrMessage,
  shapeAttrMessage,
  stringAttrMessage,
  tensorAttrMessage,
  tensorMessage,
  typeAttrMessage,
} from "./attributes";
import { type AttrMessage, type NodeMessage, messages } from "./protobuf";

/** Shape and type of one output of a node. */
export interface Spec {
  readonly dtype: number;
  readonly shape: readonly number[];
}

/** A constant made by the traced function, e.g. `tf.scalar(0.5)`. */
export interface ConstantValue extends Spec {
  readonly bytes: Uint8Array;
}

/**
 * A TensorFlow graph under construction. Outputs are named "node:index" as in a GraphDef, inputs
 * starting with "^" are control dependencies.
 */
export class Graph {
  readonly nodes: NodeMessage[] = [];
  /** By their nodes' names. */
  readonly constants = new Map<string, ConstantValue>();
  private readonly constantNames = new Map<string, string>();

  /** @param sharesConstants whether equal constants are one node */
  constructor(private readonly sharesConstants = true) {}

  get size(): number {
    return this.nodes.length;
  }

  /** Whether both graphs have the same constants, in the same order. */
  equals(other: Graph): boolean {
    const [mine, others] = [[...this.constantNames.keys()], [...other.constantNames.keys()]];
    return mine.length === others.length && mine.every((key, i) => key === others[i]);
  }

  /** @returns the node's name */
  add(
    op: string,
    name: string,
    inputs: readonly string[],
    attrs: Readonly<Record<string, AttrMessage>>,
  ): string {
    const node = new messages.NodeDef();
    node.setOp(op);
    node.setName(name);
    node.setInputList(inputs);
    for (const [key, value] of Object.entries(attrs)) node.getAttrMap().set(key, value);
    this.nodes.push(node);
    return name;
  }

  placeholder(name: string, { dtype, shape }: Spec): string {
    const attrs = { dtype: typeAttrMessage(dtype), shape: shapeAttrMessage(shape) };
    return this.add("Placeholder", name, [], attrs);
  }

  constant(value: ConstantValue): string {
    const key = `${value.dtype}|${value.shape.join()}|${Buffer.from(value.bytes).toString("latin1")}`;
    const known = this.constantNames.get(key);
    if (known !== undefined && this.sharesConstants) return known;
    const name = this.namedConstant(`constant_${this.constants.size}`, value);
    this.constantNames.set(key, name);
    return name;
  }

  namedConstant(name: string, constant: ConstantValue): string {
    const { dtype, shape, bytes } = constant;
    this.constants.set(name, constant);
    const value = tensorAttrMessage(tensorMessage(dtype, shape, bytes));
    return this.add("Const", name, [], { dtype: typeAttrMessage(dtype), value });
  }

  /** A variable of the session: its handle, one read of it, and a way to set it from outside. */
  variable(index: number, { dtype, shape }: Spec): VariableNodes {
    const type = typeAttrMessage(dtype);
    const handle = this.add("VarHandleOp", `variable_${index}`, [], {
      dtype: type,
      shape: shapeAttrMessage(shape),
      shared_name: stringAttrMessage(`variable_${index}`),
    });
    const read = this.add("ReadVariableOp", `read_${index}`, [handle], { dtype: type });
    const feed = this.placeholder(`feed_${index}`, { dtype, shape });
    const assign = this.add("AssignVariableOp", `load_${index}`, [handle, feed], { dtype: type });
    const loaded = this.done(`loaded_${index}`, [assign]);
    return { handle, read, feed, loaded };
  }

  /** The variable's value after `operation`. */
  readAfter(index: number, dtype: number, operation: string): string {
    const inputs = [`variable_${index}`, `^${operation}`];
    const attrs = { dtype: typeAttrMessage(dtype) };
    return this.add("ReadVariableOp", `read_${index}_after_${operation}`, inputs, attrs);
  }

  assign(index: number, { dtype }: Spec, value: string): string {
    const inputs = [`variable_${index}`, value, `^read_${index}`];
    const attrs = { dtype: typeAttrMessage(dtype) };
    return this.add("AssignVariableOp", `assign_${index}`, inputs, attrs);
  }

  /** `value` where `condition` holds; what depends on it does not run where it does not hold. */
  gate(value: string, dtype: number, condition: string): string {
    const name = `gate_${this.size}`;
    this.add("Switch", name, [value, condition], { T: typeAttrMessage(dtype) });
    return `${name}:1`;
  }

  /** A scalar that is ready when all `operations` have run: what a session can fetch. */
  done(name: string, operations: readonly string[]): string {
    return this.identity(name, this.one(), INT32, operations);
  }

  /** The same for operations behind gates: ready also when `condition` does not hold. */
  doneIf(name: string, operations: readonly string[], condition: string): string {
    const attrs = { T: typeAttrMessage(INT32) };
    const choice = this.add("Switch", `${name}_choice`, [this.one(), condition], attrs);
    const did = this.identity(`${name}_did`, `${choice}:1`, INT32, operations);
    const skipped = this.identity(`${name}_skipped`, `${choice}:0`, INT32);
    const count = intAttrMessage(2);
    return this.add("Merge", name, [did, skipped], { ...attrs, N: count });
  }

  /** A copy of `value` that waits for `operations`. */
  identity(name: string, value: string, dtype: number, operations: readonly string[] = []): string {
    const inputs = [value, ...operations.map((operation) => `^${operation}`)];
    return this.add("Identity", name, inputs, { T: typeAttrMessage(dtype) });
  }

  private one(): string {
    return this.constant({ dtype: INT32, shape: [], bytes: new Uint8Array([1, 0, 0, 0]) });
  }
}

export interface VariableNodes {
  readonly handle: string;
  readonly read: string;
  readonly feed: string;
  readonly loaded: string;
}
