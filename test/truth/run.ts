import { tf } from "latentlab";

import { compare } from "./compare";
import type { Expected, Tier, TruthCase } from "./format";
import { Inputs } from "./inputs";

/** What a mapping may return for an output: host numbers (f64 tolerance) or a tensor (f32). */
export type Output = number | ArrayLike<number> | tf.Tensor;

export type Outputs = Readonly<Record<string, Output>>;

/** Computes a case's outputs with this library, all of them or some; its tensors are freed. */
export type Mapping = (inputs: Inputs) => Outputs | Promise<Outputs>;

/**
 * The mappings of one topic. A key is an id after the topic's name, without `*` or with: the
 * cases are drawn anew with other parameters, and then `linear-T*` finds them all. The first
 * key that fits counts.
 */
export type Mappings = Readonly<Record<string, Mapping>>;

export type Verdict =
  | { readonly kind: "not built" }
  | {
      readonly kind: "pass" | "fail";
      readonly compared: number;
      /** Outputs that the mapping does not make yet. */
      readonly missing: readonly string[];
      /** Outputs of the mapping that the case does not have. */
      readonly unknown: readonly string[];
      /** One line per wrong output. */
      readonly problems: readonly string[];
    };

/** Judge one case by the mappings of its topic. */
export async function runCase(truthCase: TruthCase, mappings: Mappings): Promise<Verdict> {
  const mapping = findMapping(truthCase.id, mappings);
  return mapping === undefined ? { kind: "not built" } : judge(truthCase, mapping);
}

function findMapping(id: string, mappings: Mappings): Mapping | undefined {
  const name = id.slice(id.indexOf("/") + 1);
  return Object.entries(mappings).find(([pattern]) => matches(pattern, name))?.[1];
}

function matches(pattern: string, name: string): boolean {
  const [literal = "", ...rest] = pattern.split("*").map((part) => part.replace(/\W/g, "\\$&"));
  return new RegExp(`^${[literal, ...rest].join(".*")}$`).test(name);
}

async function judge(truthCase: TruthCase, mapping: Mapping): Promise<Verdict> {
  const wanted = requiredOutputs(truthCase);
  const result = await compute(truthCase, mapping);
  if (typeof result === "string") {
    return { kind: "fail", compared: 0, missing: wanted, unknown: [], problems: [result] };
  }
  const names = [...result.keys()];
  const known = names.filter((name) => name in truthCase.expected);
  if (known.length === 0) return { kind: "not built" };
  const problems = known.flatMap((name) => check(truthCase, name, result.get(name) as Result));
  return {
    kind: problems.length === 0 ? "pass" : "fail",
    compared: known.length,
    missing: wanted.filter((name) => !result.has(name)),
    unknown: names.filter((name) => !(name in truthCase.expected)),
    problems,
  };
}

type Result = {
  readonly values: ArrayLike<number>;
  readonly shape?: number[];
  readonly tier: Tier;
};

/** The outputs on the host, or the message of what was thrown. */
async function compute(
  { inputs }: TruthCase,
  mapping: Mapping,
): Promise<Map<string, Result> | string> {
  tf.engine().startScope(); // a tidy that may wait
  try {
    const outputs = Object.entries(await mapping(new Inputs(inputs)));
    return new Map(outputs.map(([name, output]) => [name, readBack(output)]));
  } catch (error) {
    return `threw ${error instanceof Error ? `${error.name}: ${error.message}` : String(error)}`;
  } finally {
    tf.engine().endScope();
  }
}

function readBack(output: Output): Result {
  if (typeof output === "number") return { values: [output], shape: [], tier: "f64" };
  if (!(output instanceof tf.Tensor)) return { values: output, tier: "f64" };
  return { values: output.dataSync().slice(), shape: output.shape, tier: "f32" };
}

function check({ expected, decoys }: TruthCase, name: string, result: Result): string[] {
  const { data, shape, tol } = expected[name] as Expected;
  const tolerance = tol[result.tier];
  if (result.shape !== undefined && result.shape.join() !== shape.join()) {
    return [`${name}: shape [${result.shape}] instead of [${shape}]`];
  }
  const { problem } = compare(result.values, data, tolerance);
  if (problem === undefined) return [];
  const mistake = Object.values(decoys).find(
    (decoy) =>
      decoy.of === name && compare(result.values, decoy.data, tolerance).problem === undefined,
  );
  return [`${name}: ${problem}${mistake === undefined ? "" : `; the mistake: ${mistake.why}`}`];
}

/** Outputs come in torch's layout and in ours; the other layout is the same numbers. */
const LAYOUTS = [
  ["_nchw", "_nhwc"],
  ["_torch_iohw", "_tfjs_hwoi"],
  ["_oihw", "_hwio"],
] as const;

function requiredOutputs({ expected }: TruthCase): string[] {
  return Object.keys(expected).filter((name) => {
    const twin = LAYOUTS.filter(([torch]) => name.endsWith(torch)).map(([torch, ours]) =>
      name.replace(torch, ours),
    )[0];
    return twin === undefined || !(twin in expected);
  });
}
