import { type Attr, scalarAttr, typeAttr } from "../engine/native-op";
import type { Spec } from "./graph";
import { type OpInput, typedArray } from "./shapes";
import { FLOAT } from "./attributes";

/** An op as it will stand in the graph; its inputs in their new order, by their old places. */
export interface Rewritten {
  readonly op: string;
  readonly attrs: readonly Attr[];
  readonly order: readonly number[];
}

/**
 * The op that TensorFlow's graph optimiser knows best for what tfjs asks. It fuses
 * MatMul or Conv2D, BiasAdd and an activation into one op, but not BatchMatMulV2 and Add.
 *
 * @param inputs shapes and types of the op's inputs
 */
export function rewrite(op: string, attrs: readonly Attr[], inputs: readonly OpInput[]): Rewritten {
  const order = inputs.map((_, i) => i);
  if (op === "BatchMatMulV2" && inputs.every(({ shape }) => shape.length === 2)) {
    return { op: "MatMul", attrs: matMulAttrs(attrs), order };
  }
  if (op === "Add") {
    const bias = inputs.findIndex((input, i) => isBias(input, inputs[1 - i] as Spec));
    const biasAttrs = [typeAttr("T", "float32")];
    if (bias >= 0) return { op: "BiasAdd", attrs: biasAttrs, order: [1 - bias, bias] };
    return { op: "AddV2", attrs, order };
  }
  if (op === "Sum" && isSumPerChannel(attrs, inputs)) {
    return { op: "BiasAddGrad", attrs: [typeAttr("T", "float32")], order: [0] };
  }
  return { op, attrs, order };
}

function matMulAttrs(attrs: readonly Attr[]): Attr[] {
  const isTransposed = (name: string): boolean =>
    Boolean(attrs.find((attr) => attr.name === name)?.value);
  return [
    typeAttr("T", "float32"),
    scalarAttr("transpose_a", "BOOL", isTransposed("adj_x")),
    scalarAttr("transpose_b", "BOOL", isTransposed("adj_y")),
  ];
}

/** Whether all axes but the last are summed over, which BiasAddGrad does two to three times faster. */
function isSumPerChannel(attrs: readonly Attr[], inputs: readonly OpInput[]): boolean {
  const [x, axes] = inputs as [OpInput, OpInput];
  const rank = x.shape.length;
  const keepsRank = attrs.some(({ name, value }) => name === "keep_dims" && Boolean(value));
  if (axes.constant === undefined || x.dtype !== FLOAT || keepsRank) return false;
  if (rank < 2 || rank > 5) return false;
  const summed = new Set(Array.from(typedArray(axes.constant), (axis) => (axis + rank) % rank));
  return summed.size === rank - 1 && !summed.has(rank - 1);
}

/** Whether adding `bias` to `x` adds one number to each channel. */
function isBias(bias: Spec, x: Spec): boolean {
  const isFloat = bias.dtype === FLOAT && x.dtype === FLOAT;
  const [rank, channels] = [x.shape.length, x.shape.at(-1)];
  return isFloat && bias.shape.length === 1 && rank >= 2 && rank <= 5 && bias.shape[0] === channels;
}
