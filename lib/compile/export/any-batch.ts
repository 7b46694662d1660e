import { INT32, typeAttrMessage } from "../attributes";
import { type ConstantValue, Graph, type Spec } from "../graph";
import type { NodeMessage } from "../protobuf";
import { bytesOf } from "./bytes";
import { dependsOnBatch, type Growth, growthOf, type Line } from "./growth";

/** A function recorded for a batch of so many examples. */
export interface SizedGraph {
  readonly graph: Graph;
  readonly batch: number;
}

export interface JoinOptions {
  /** Nodes whose value is known, such as weights: they become constants. */
  readonly known: ReadonlyMap<string, ConstantValue>;
  /** The placeholders by name; −1 in a shape is the batch. */
  readonly inputs: ReadonlyMap<string, Spec>;
  /** The input, by the index of a node, whose first axis is the batch that the node goes by. */
  readonly inputAt: (index: number) => string | undefined;
}

/**
 * One graph for any number of examples, of two recordings of a function. Where they differ there
 * must be a constant that grows with the batch, as in `reshape([batch, -1])`, or repeats a row: it
 * is then worked out from the size of an input.
 *
 * @throws CompileError if they differ in another way
 */
export function joinRecordings(
  [first, second]: readonly [SizedGraph, SizedGraph],
  { known, inputs, inputAt }: JoinOptions,
): Graph {
  const joined = new Graph();
  const sizes = new BatchSizes(joined, inputs);
  if (first.graph.size !== second.graph.size) throw dependsOnBatch("the number of operations");
  first.graph.nodes.forEach((node, i) => {
    const [name, other] = [node.getName(), second.graph.nodes[i] as NodeMessage];
    const [value, placeholder] = [known.get(name), inputs.get(name)];
    if (value !== undefined) joined.namedConstant(name, value);
    else if (placeholder !== undefined) joined.placeholder(name, placeholder);
    else if (isSame(node, other)) joined.nodes.push(node);
    else {
      const pair = [first, second].map(({ graph }) => graph.constants.get(name));
      const [a, b] = pair as [ConstantValue, ConstantValue];
      const input = inputAt(i);
      if (node.getOp() !== "Const" || other.getOp() !== "Const" || input === undefined) {
        throw dependsOnBatch(node.getOp());
      }
      const growth = growthOf([a, first.batch], [b, second.batch]);
      sizes.addConstant(name, growth, input);
    }
  });
  return joined;
}

/** The nodes that these need. */
export function neededFor(names: readonly string[], { nodes }: Graph): NodeMessage[] {
  const byName = new Map(nodes.map((node) => [node.getName(), node]));
  const needed = new Set<NodeMessage>();
  const open = [...names];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    const node = byName.get(name.replace(/^\^/, "").replace(/:\d+$/, "")) as NodeMessage;
    if (needed.has(node)) continue;
    needed.add(node);
    open.push(...node.getInputList());
  }
  return nodes.filter((node) => needed.has(node));
}

function isSame(a: NodeMessage, b: NodeMessage): boolean {
  return Buffer.compare(a.serializeBinary(), b.serializeBinary()) === 0;
}

/** Puts into a graph what is worked out from the size of its inputs. */
class BatchSizes {
  private readonly known = new Map<string, string>();

  constructor(
    private readonly graph: Graph,
    private readonly inputs: ReadonlyMap<string, Spec>,
  ) {}

  addConstant(name: string, growth: Growth, input: string): void {
    const { graph } = this;
    const [T, Tidx] = [typeAttrMessage(INT32), typeAttrMessage(INT32)];
    if ("row" in growth) {
      const shape = this.addLine(`${name}/shape`, growth.shape, input);
      const row = graph.namedConstant(`${name}/row`, growth.row);
      graph.add("BroadcastTo", name, [row, shape], { T: typeAttrMessage(growth.row.dtype), Tidx });
    } else if (growth.isScalar) {
      const number = this.addLine(`${name}/number`, growth.numbers, input);
      const shape = graph.namedConstant(`${name}/scalar`, wholeNumbers([]));
      graph.add("Reshape", name, [number, shape], { T, Tshape: Tidx });
    } else this.addLine(name, growth.numbers, input);
  }

  private addLine(name: string, { slopes, offsets }: Line, input: string): string {
    const { graph } = this;
    const T = typeAttrMessage(INT32);
    const slope = graph.namedConstant(`${name}/slopes`, wholeNumbers(slopes));
    const offset = graph.namedConstant(`${name}/offsets`, wholeNumbers(offsets));
    const product = graph.add("Mul", `${name}/multiples`, [this.sizeOf(input), slope], { T });
    return graph.add("AddV2", name, [product, offset], { T });
  }

  /** A node with how many examples an input holds, `[1]`. */
  private sizeOf(input: string): string {
    const known = this.known.get(input);
    if (known !== undefined) return known;
    const { graph } = this;
    const type = typeAttrMessage(INT32);
    const T = typeAttrMessage((this.inputs.get(input) as Spec).dtype);
    const shape = graph.add("Shape", `${input}/shape`, [input], { T, out_type: type });
    const [from, count] = [0, 1].map((value) =>
      graph.namedConstant(`${input}/axis_${value}`, wholeNumbers([value])),
    ) as [string, string];
    const size = graph.add("Slice", `${input}/batch`, [shape, from, count], {
      ...{ T: type, Index: type },
    });
    this.known.set(input, size);
    return size;
  }
}

function wholeNumbers(values: readonly number[]): ConstantValue {
  return { dtype: INT32, shape: [values.length], bytes: bytesOf(Int32Array.from(values)) };
}
