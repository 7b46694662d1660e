import { type Attr, nativeBackend } from "../engine/native-op";
import type { Spec } from "./graph";

/**
 * Type attributes that tfjs leaves to the eager runtime, by op: which input each takes its type
 * from. A graph must spell them out.
 */
const INFERRED: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  BroadcastTo: { T: 0, Tidx: 1 },
  ExpandDims: { T: 0, Tdim: 1 },
  Fill: { T: 1, index_type: 0 },
  OneHot: { T: 2, TI: 0 },
  Range: { Tidx: 0 },
  Reshape: { T: 0, Tshape: 1 },
  Select: { T: 1 },
  Slice: { T: 0, Index: 1 },
  StridedSlice: { T: 0, Index: 1 },
};

/** Ops that have no type attribute at all. */
const UNTYPED = new Set(["LogicalAnd", "LogicalOr", "LogicalNot", "All", "Any"]);

/** The type attributes to add to `attrs` so that the node is complete: name and type number. */
export function missingTypeAttrs(
  op: string,
  attrs: readonly Attr[],
  inputs: readonly Spec[],
): [name: string, dtype: number][] {
  const given = new Set(attrs.filter(isTypeAttr).map(({ name }) => name));
  return Object.entries(rulesOf(op, given))
    .filter(([name, input]) => !given.has(name) && inputs[input] !== undefined)
    .map(([name, input]) => [name, (inputs[input] as Spec).dtype]);
}

function rulesOf(op: string, given: ReadonlySet<string>): Readonly<Record<string, number>> {
  const rules = INFERRED[op];
  if (rules !== undefined) return rules;
  return given.size > 0 || UNTYPED.has(op) ? {} : { T: 0 };
}

function isTypeAttr({ type }: Attr): boolean {
  return type === nativeBackend().binding.TF_ATTR_TYPE;
}
