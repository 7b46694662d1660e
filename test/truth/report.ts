import { MAPPINGS } from "./cases";
import type { TruthTopic } from "./format";
import { type Mappings, runCase, type Verdict } from "./run";

export interface TruthReport {
  readonly lines: readonly string[];
  readonly passed: number;
  readonly failed: number;
  readonly notBuilt: number;
}

/** Judge every case of every topic: a line per case, then a summary. */
export async function reportTruth(
  topics: readonly TruthTopic[],
  registry: Readonly<Record<string, Mappings>> = MAPPINGS,
): Promise<TruthReport> {
  const lines: string[] = [];
  const count = { pass: 0, fail: 0, "not built": 0 };
  for (const { topic, cases } of topics) {
    for (const truthCase of cases) {
      const verdict = await runCase(truthCase, registry[topic] ?? {});
      count[verdict.kind]++;
      lines.push(describe(`${truthCase.id} (${truthCase.level})`, verdict));
    }
  }
  lines.push(`${count.pass} passed, ${count.fail} failed, ${count["not built"]} not built yet.`);
  return { lines, passed: count.pass, failed: count.fail, notBuilt: count["not built"] };
}

function describe(name: string, verdict: Verdict): string {
  if (verdict.kind === "not built") return `not built yet  ${name}`;
  const { kind, compared, missing, unknown, problems } = verdict;
  const notes = [
    `${compared} outputs`,
    ...(missing.length > 0 ? [`not built yet: ${missing.join(", ")}`] : []),
    ...(unknown.length > 0 ? [`no such output: ${unknown.join(", ")}`] : []),
  ];
  const head = `${kind.padEnd(13)}  ${name}: ${notes.join("; ")}`;
  return [head, ...problems.map((problem) => `                 ${problem}`)].join("\n");
}
