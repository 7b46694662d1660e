import { readFileSync, readdirSync, rmSync } from "node:fs";
import { availableParallelism, freemem } from "node:os";
import { join } from "node:path";

import { errorsIn, wrongRecaps, wrongSentences, wrongVerdicts } from "../notebooks/inspect";
import { writeKernelspec } from "../notebooks/kernelspec";
import { type Run, runNotebook } from "../notebooks/run";

/** A kernel with TensorFlow and a training in it. */
const BYTES_PER_JOB = 2e9;
const SECONDS_PER_CELL = { quick: 300, full: 7200 };

export interface ExecuteOptions {
  /** Notebooks go to `notebooks` in it, their scores to `results`. */
  readonly folder: string;
  readonly jobs: number;
  readonly profile: string;
}

/** How many notebooks this machine can run at once. */
export function fittingJobs(): number {
  return Math.max(1, Math.min(availableParallelism(), Math.floor(freemem() / BYTES_PER_JOB)));
}

/**
 * Solutions whose number or name was given, e.g. "01"; all by default.
 *
 * @throws Error if there is none of a name
 */
export function solutionsNamed(wanted?: readonly string[]): string[] {
  const names = readdirSync("solutions").flatMap((name) => /^(.*)\.ipynb$/.exec(name)?.[1] ?? []);
  const matches = (name: string, want: string): boolean =>
    name === want || name.startsWith(`${want}-`);
  const unknown = wanted?.filter((want) => !names.some((name) => matches(name, want))) ?? [];
  if (unknown.length > 0) {
    throw new Error(`No notebook ${unknown.join(", ")}; there are ${names.sort().join(", ")}.`);
  }
  return names.filter((name) => wanted?.some((want) => matches(name, want)) ?? true).sort();
}

/** Run notebooks, several at a time, and look at what they show. @returns what is wrong */
export async function executeAll(
  names: readonly string[],
  options: ExecuteOptions,
): Promise<string[]> {
  const { jobs, profile } = options;
  const count = `${names.length} notebook${names.length === 1 ? "" : "s"}`;
  console.log(`Running ${count}, ${Math.min(jobs, names.length)} at a time, profile ${profile}`);
  const share = writeKernelspec();
  const queue = [...names];
  const problems: string[] = [];
  const worker = async (): Promise<void> => {
    for (let name = queue.shift(); name !== undefined; name = queue.shift()) {
      const found = await executeOne(name, share, options);
      problems.push(...found.map((problem) => `${name}: ${problem}`));
    }
  };
  try {
    await Promise.all(Array.from({ length: jobs }, worker));
  } finally {
    rmSync(share, { recursive: true });
  }
  return problems;
}

async function executeOne(name: string, share: string, options: ExecuteOptions): Promise<string[]> {
  const { folder, jobs, profile } = options;
  const path = join("solutions", `${name}.ipynb`);
  const total = codeCellsIn(path);
  let done = 0;
  const say = (what: string): void =>
    console.log(`${name.padEnd(24)} ${String(done).padStart(3)} of ${total} cells  ${what}`);
  const run = await runNotebook(path, join(folder, "notebooks", `${name}.ipynb`), {
    secondsPerCell: SECONDS_PER_CELL[profile === "full" ? "full" : "quick"],
    env: {
      JUPYTER_PATH: share,
      LATENTLAB_PROFILE: profile,
      LATENTLAB_RESULTS: join(folder, "results"),
      LATENTLAB_PROGRESS: "off",
      // Jobs share the cores instead of fighting for them.
      TF_NUM_INTRAOP_THREADS: String(Math.max(1, Math.floor(availableParallelism() / jobs))),
    },
    onCell: ({ id, seconds }) => {
      done++;
      if (seconds >= 5 || done === total) say(`${seconds.toFixed(1)} s in ${id}`);
    },
  });
  const problems = problemsOf(run);
  const kilobytes = Math.round(run.bytes / 1000);
  say(problems.length > 0 ? "FAILED" : `done in ${run.seconds.toFixed(0)} s, ${kilobytes} kB`);
  return problems;
}

function problemsOf({ notebook, stderr, error }: Run): string[] {
  return [
    ...(error === null ? [] : [error]),
    ...errorsIn(notebook, stderr),
    ...wrongVerdicts(notebook, "passed"),
    ...wrongSentences(notebook),
    ...wrongRecaps(notebook),
  ];
}

function codeCellsIn(path: string): number {
  const { cells } = JSON.parse(readFileSync(path, "utf8")) as { cells: { cell_type: string }[] };
  return cells.filter(({ cell_type: type }) => type === "code").length;
}
