import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

import type { ExecutedNotebook } from "./inspect";

/** What `run_notebook.py` reports. */
interface Report {
  readonly seconds: number;
  readonly kernelSeconds: number | null;
  readonly firstFigureSeconds: number | null;
  readonly cells: readonly { readonly id: string; readonly seconds: number }[];
  /** An error output, a timeout or a dead kernel. */
  readonly error: string | null;
}

export interface Run extends Report {
  readonly notebook: ExecutedNotebook;
  /** Size of the notebook as saved with its outputs. */
  readonly bytes: number;
  /** What the kernel's process itself wrote to standard error. */
  readonly stderr: string;
}

/**
 * Run a notebook from top to bottom through the installed kernel, in the notebook's own folder.
 *
 * @param path the notebook; it is not changed
 * @param executed where the notebook with its outputs is written
 */
export async function runNotebook(
  path: string,
  executed: string,
  { secondsPerCell, env }: { secondsPerCell: number; env: NodeJS.ProcessEnv },
): Promise<Run> {
  mkdirSync(dirname(executed), { recursive: true });
  const script = resolve("test", "support", "run_notebook.py");
  const python = resolve(".latentlab", "python", "bin", "python");
  const args = [script, resolve(path), executed, String(secondsPerCell)];
  const { code, stdout, stderr } = await output(python, args, { ...process.env, ...env });
  if (code !== 0) throw new Error(`run_notebook.py exited with ${code}:\n${stderr}`);
  return {
    ...(JSON.parse(stdout) as Report),
    notebook: JSON.parse(readFileSync(executed, "utf8")) as ExecutedNotebook,
    bytes: statSync(executed).size,
    stderr,
  };
}

/** Where the notebooks of a test run are kept, to be looked at afterwards. */
export function executedPath(path: string): string {
  return join(resolve(".build", "executed"), path);
}

function output(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  return new Promise((done, fail) => {
    const child = spawn(command, args, { env, stdio: ["ignore", "pipe", "pipe"] });
    let [stdout, stderr] = ["", ""];
    child.stdout.on("data", (chunk) => (stdout += String(chunk)));
    child.stderr.on("data", (chunk) => (stderr += String(chunk)));
    child.on("error", fail);
    child.on("close", (code) => done({ code, stdout, stderr }));
  });
}
