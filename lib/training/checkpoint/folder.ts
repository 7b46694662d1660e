import {
  type Dirent,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";

import { CheckpointError } from "../../core/errors";
import { syncFolder, writeWhole as writeFile } from "../../core/files";
import { damaged } from "./safetensors";

/** A checkpoint in a run's folder. */
export interface StoredStep {
  readonly step: number;
  readonly path: string;
}

const STEP_NAME = /^step-(\d{8,15})$/;
// Names of work in progress end in the process that does it: what a dead one left is removed.
const WRITING_NAME = /^\.writing-(\d+)$/;
const REPLACED_NAME = /^\.replaced-(step-\d{8,15})-(\d+)$/;

export function stepName(step: number): string {
  return `step-${String(step).padStart(8, "0")}`;
}

/** The checkpoints of a run, oldest first. Links are not followed. */
export function storedSteps(folder: string): StoredStep[] {
  return entriesOf(folder)
    .filter((entry) => entry.isDirectory() && STEP_NAME.test(entry.name))
    .map(({ name }) => ({ step: Number(name.slice("step-".length)), path: join(folder, name) }))
    .sort((a, b) => a.step - b.step);
}

/** The path of the newest checkpoint of a run, whole or not; undefined if there is none. */
export function latestCheckpoint(folder: string): string | undefined {
  return storedSteps(folder).at(-1)?.path;
}

/**
 * Write a folder of files so that it is there whole or not at all, also after a crash or a power
 * cut: everything goes into a temporary folder beside it, to the disk, and is then renamed.
 *
 * @throws CheckpointError if the disk is full, read-only or fails; nothing is left behind then
 */
export function writeFolder(
  folder: string,
  name: string,
  files: ReadonlyMap<string, Uint8Array>,
): string {
  const temporary = join(folder, `.writing-${process.pid}`);
  const target = join(folder, name);
  try {
    mkdirSync(folder, { recursive: true });
    rmSync(temporary, { recursive: true, force: true });
    mkdirSync(temporary);
    for (const [file, bytes] of files) {
      writeFileSync(join(temporary, file), bytes, { flush: true });
    }
    syncFolder(temporary);
    moveInto(temporary, target);
    syncFolder(folder);
  } catch (cause) {
    removeQuietly(temporary);
    throw cannotWrite(target, cause);
  }
  return target;
}

/** Write one file so that it is there whole or not at all. @throws CheckpointError */
export function writeWhole(path: string, bytes: Uint8Array): void {
  try {
    writeFile(path, bytes);
  } catch (cause) {
    throw cannotWrite(path, cause);
  }
}

/** Remove all but the newest `keep` checkpoints. Each vanishes at once, then its files go. */
export function removeOld(folder: string, keep: number): void {
  for (const { path } of storedSteps(folder).slice(0, -keep)) {
    const temporary = join(folder, `.writing-${process.pid}`);
    renameSync(path, temporary);
    rmSync(temporary, { recursive: true });
  }
}

/** Finish or undo what a writer that was killed left half done. @throws CheckpointError */
export function mendFolder(folder: string): void {
  try {
    for (const { name } of entriesOf(folder)) mendEntry(folder, name);
  } catch (cause) {
    throw cause instanceof CheckpointError ? cause : cannotWrite(folder, cause);
  }
}

function mendEntry(folder: string, name: string): void {
  const path = join(folder, name);
  const [, writer] = WRITING_NAME.exec(name) ?? [];
  if (writer !== undefined && isDone(Number(writer))) {
    rmSync(path, { recursive: true, force: true });
  }
  const [, step, replacer] = REPLACED_NAME.exec(name) ?? [];
  if (step !== undefined && isDone(Number(replacer))) {
    if (existsSync(join(folder, step))) rmSync(path, { recursive: true });
    else renameSync(path, join(folder, step));
  }
}

/** What a folder holds; nothing if it is not there. @throws CheckpointError if it is no folder */
function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === "ENOENT") return [];
    throw new CheckpointError(
      `${folder} cannot be read: ${message}.`,
      "Give a folder that you may read and write.",
      { cause },
    );
  }
}

/** True unless another process with this number runs. */
function isDone(pid: number): boolean {
  return pid === process.pid || !isAlive(pid);
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/**
 * Read a file of a checkpoint after a look at its size.
 *
 * @throws CheckpointError if it is missing, a link, or of another size
 */
export function readSized(path: string, accepts: (bytes: number) => boolean): Buffer {
  const status = lstatSync(path, { throwIfNoEntry: false });
  if (status === undefined) throw damaged(path, "it is missing");
  if (!status.isFile()) throw damaged(path, "it is not a plain file");
  if (!accepts(status.size)) throw damaged(path, `its size is ${status.size} bytes`);
  return readFileSync(path);
}

/** Rename, setting an older checkpoint of the same name aside first: a rename cannot replace it. */
function moveInto(temporary: string, target: string): void {
  if (!existsSync(target)) return renameSync(temporary, target);
  const aside = join(dirname(target), `.replaced-${target.split(/[\\/]/).at(-1)}-${process.pid}`);
  rmSync(aside, { recursive: true, force: true });
  renameSync(target, aside);
  renameSync(temporary, target);
  rmSync(aside, { recursive: true });
}

/** Clean up after an error, which is the one to report. */
export function removeQuietly(path: string): void {
  try {
    rmSync(path, { recursive: true, force: true });
  } catch {
    // The next writer removes what is left.
  }
}

const FIXES: Readonly<Record<string, string>> = {
  ENOSPC: "Free some disk space.",
  EDQUOT: "Free some of your disk quota.",
  EFBIG: "Raise the limit on file sizes (`ulimit -f`).",
  EACCES: "Choose a folder that you may write to.",
  EPERM: "Choose a folder that you may write to.",
  EROFS: "Choose a folder on a disk that is not read-only.",
};

/** The error for a path that the system refuses to write. */
export function cannotWrite(path: string, cause: unknown): CheckpointError {
  const { code = "", message } = cause as NodeJS.ErrnoException;
  return new CheckpointError(
    `${path} cannot be written: ${message}.`,
    `${FIXES[code] ?? "Choose another folder."} Earlier checkpoints are untouched.`,
    { cause },
  );
}
