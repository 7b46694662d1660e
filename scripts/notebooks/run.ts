import { type ChildProcessByStdio, spawn, spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";

import type { ExecutedNotebook } from "./inspect";

export interface CellTime {
  readonly id: string;
  readonly seconds: number;
}

/** What `run_notebook.py` reports. */
interface Report {
  readonly seconds: number;
  readonly kernelSeconds: number | null;
  readonly firstFigureSeconds: number | null;
  readonly cells: readonly CellTime[];
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

export interface RunOptions {
  readonly secondsPerCell: number;
  readonly env: NodeJS.ProcessEnv;
  /** Run in a checkout that cannot be written to, if this machine lets us: Linux namespaces. */
  readonly isReadOnly?: boolean;
  /** Called after each cell. */
  readonly onCell?: (cell: CellTime) => void;
}

/**
 * Run a notebook from top to bottom through the kernel, in the notebook's own folder.
 *
 * @param path the notebook; it is not changed
 * @param executed where the notebook with its outputs is written
 */
export async function runNotebook(
  path: string,
  executed: string,
  { secondsPerCell, env, isReadOnly = false, onCell }: RunOptions,
): Promise<Run> {
  const script = resolve("scripts", "notebooks", "run_notebook.py");
  const python = resolve(".latentlab", "python", "bin", "python");
  const folder = mkdtempSync(join(tmpdir(), "latentlab-run-"));
  const result = join(folder, "executed.ipynb");
  const command = [python, script, resolve(path), result, String(secondsPerCell)];
  const [program = "", ...args] = isReadOnly && canMount() ? [...READ_ONLY, ...command] : command;
  const child = spawn(program, args, {
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const { code, lines, stderr } = await ending(child, (line) => {
    const { cell } = JSON.parse(line) as { cell?: CellTime };
    if (cell !== undefined) onCell?.(cell);
  });
  if (code !== 0) throw new Error(`run_notebook.py exited with ${code}:\n${stderr}`);
  mkdirSync(dirname(executed), { recursive: true });
  copyFileSync(result, executed);
  rmSync(folder, { recursive: true });
  return {
    ...(JSON.parse(lines.at(-1) ?? "") as Report),
    notebook: JSON.parse(readFileSync(executed, "utf8")) as ExecutedNotebook,
    bytes: statSync(executed).size,
    stderr,
  };
}

/** Mounts the current folder read-only, for the command that follows alone. */
const READ_ONLY: readonly string[] = [
  "unshare",
  "--map-root-user",
  "--mount",
  "sh",
  "-c",
  'mount --bind "$PWD" "$PWD" && mount -o remount,ro,bind "$PWD" && exec "$0" "$@"',
];

/** Whether this machine lets us do that. */
export function canMount(): boolean {
  const [program = "", ...args] = [...READ_ONLY, "true"];
  return spawnSync(program, args).status === 0;
}

/** Where the notebooks of a test run are kept, to be looked at afterwards. */
export function executedPath(path: string): string {
  return join(resolve(".build", "executed"), path);
}

interface Ending {
  readonly code: number | null;
  readonly lines: readonly string[];
  readonly stderr: string;
}

function ending(
  child: ChildProcessByStdio<null, Readable, Readable>,
  onLine: (line: string) => void,
): Promise<Ending> {
  return new Promise((done, fail) => {
    const lines: string[] = [];
    let stderr = "";
    createInterface({ input: child.stdout }).on("line", (line) => {
      lines.push(line);
      onLine(line);
    });
    child.stderr.on("data", (chunk) => (stderr += String(chunk)));
    child.on("error", fail);
    child.on("close", (code) => done({ code, lines, stderr }));
  });
}
