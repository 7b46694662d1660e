import {
  appendFileSync,
  closeSync,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  writeSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";

import { courseFolder } from "../../core/files";
import { kernelHost } from "../../core/host";

/** An answer that was checked: one line of the journal. */
export interface Attempt {
  /** ISO 8601. */
  readonly at: string;
  /** The check's id. */
  readonly id: string;
  /** Name of the function. */
  readonly exercise: string;
  readonly status: "passed" | "failed";
  /** A hash of the answer, so that running a cell twice is one attempt. */
  readonly answer: string;
}

/** What a journal holds, and what was wrong with it or with its place. */
export interface Journal {
  readonly attempts: readonly Attempt[];
  readonly problem?: string;
}

/** `LATENTLAB_PROGRESS`, or `progress.jsonl` in the course's folder; undefined if it is "off". */
export function journalPath(): string | undefined {
  const named = process.env["LATENTLAB_PROGRESS"];
  if (named === "off") return undefined;
  return named ?? join(courseFolder() ?? ".", "progress.jsonl");
}

/** A learner's work counts: in a notebook, but not one of `solutions/`. */
export function isLearning(): boolean {
  return kernelHost() !== undefined && basename(process.cwd()) !== "solutions";
}

/**
 * Note an attempt. Lines are appended whole, so that kernels may write at the same time and a crash
 * costs no more than the last line.
 *
 * @throws the system's own errors
 */
export function appendAttempt(path: string, attempt: Attempt): void {
  mkdirSync(dirname(path), { recursive: true });
  const file = openSync(path, "a+");
  try {
    // A line that a crash cut short must not swallow this one.
    writeSync(file, `${endsInLine(file) ? "" : "\n"}${JSON.stringify(attempt)}\n`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function endsInLine(file: number): boolean {
  const { size } = fstatSync(file);
  const last = Buffer.alloc(1);
  if (size > 0) readSync(file, last, 0, 1, size - 1);
  return size === 0 || last.toString() === "\n";
}

/** Read a journal. A damaged one is kept aside, and what can be read of it goes on. */
export function readJournal(path: string): Journal {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return code === "ENOENT" ? { attempts: [] } : { attempts: [], problem: message };
  }
  const lines = text.split("\n").filter((line) => line !== "");
  const attempts = lines.flatMap((line) => parseAttempt(line) ?? []);
  const bad = lines.length - attempts.length;
  return bad === 0 ? { attempts } : { attempts, problem: setAside(path, attempts, bad) };
}

function parseAttempt(line: string): Attempt | undefined {
  try {
    const { at, id, exercise, status, answer } = JSON.parse(line) as Partial<Attempt>;
    const isText = [at, id, exercise, answer].every((field) => typeof field === "string");
    if (!isText || (status !== "passed" && status !== "failed")) return undefined;
    return { at, id, exercise, status, answer } as Attempt;
  } catch {
    return undefined;
  }
}

/** @returns what happened, for people */
function setAside(path: string, attempts: readonly Attempt[], bad: number): string {
  const aside = `${path}.damaged-${new Date().toISOString().replaceAll(":", "-")}`;
  const what = `${bad} of ${bad + attempts.length} lines of ${path} cannot be read.`;
  try {
    renameSync(path, aside);
    // Appended, not written: another kernel may have begun a new file.
    appendFileSync(path, attempts.map((attempt) => `${JSON.stringify(attempt)}\n`).join(""));
    return `${what} The file is kept as ${basename(aside)}; the other lines still count.`;
  } catch (error) {
    return `${what} It could not be set aside: ${(error as Error).message}.`;
  }
}
