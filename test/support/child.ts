import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";

/** A Node process that prints a line per thing it has done. */
export interface Child {
  readonly process: ChildProcess;
  /** Everything it printed so far. */
  readonly lines: readonly string[];
  /** Resolves when a printed line satisfies the condition; rejects if the process ends first. */
  line(condition: (line: string) => boolean): Promise<void>;
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
}

export interface ChildOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** A command that runs the command after it, e.g. `["nice"]`. */
  readonly wrapper?: readonly string[];
}

export function startChild(
  script: string,
  args: readonly string[],
  { env = {}, wrapper = [] }: ChildOptions = {},
): Child {
  const [program = "", ...rest] = [...wrapper, process.execPath, script, ...args];
  const child = spawn(program, rest, {
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const lines: string[] = [];
  const reader = createInterface({ input: child.stdout });
  reader.on("line", (line) => lines.push(line));
  const ended = new Promise<Awaited<Child["ended"]>>((resolve) => {
    child.on("close", (code, signal) => resolve({ code, signal }));
  });
  return {
    process: child,
    lines,
    ended,
    line: (condition) =>
      new Promise((resolve, reject) => {
        reader.on("line", (line) => {
          if (condition(line)) resolve();
        });
        void ended.then(() => reject(new Error(`ended early; printed: ${lines.join("; ")}`)));
      }),
  };
}
