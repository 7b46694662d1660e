import { randomUUID } from "node:crypto";
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";

import { CheckpointError } from "../../core/errors";
import type { Disposable } from "../../core/memory";
import { cannotWrite, isAlive, removeQuietly } from "./folder";

interface Holder {
  readonly pid: number;
  readonly host: string;
  /** Tells two holders in one process apart. */
  readonly token: string;
}

/**
 * The right to write into a run's folder: one process at a time. A lock whose process is dead is
 * taken over; so is one of this very process, whose older run then refuses to save.
 */
export class RunLock implements Disposable {
  private readonly path: string;
  private readonly holder = { pid: process.pid, host: hostname(), token: randomUUID() };

  /** @throws CheckpointError if a living process holds the folder, or it cannot be written to */
  constructor(private readonly folder: string) {
    this.path = join(folder, "lock");
    while (!this.tryCreate()) this.removeStale();
  }

  /** @throws CheckpointError if a later run of this process took the folder over */
  assertHeld(): void {
    if (readHolder(this.path)?.token === this.holder.token) return;
    throw new CheckpointError(
      `${this.folder} is now used by another run, so this one no longer saves there.`,
      "Give each run a folder of its own.",
    );
  }

  dispose(): void {
    if (readHolder(this.path)?.token === this.holder.token) rmSync(this.path, { force: true });
  }

  /** Linking a finished file is atomic: nobody sees a lock half written. */
  private tryCreate(): boolean {
    const draft = `${this.path}.${this.holder.token}`;
    try {
      mkdirSync(this.folder, { recursive: true });
      writeFileSync(draft, JSON.stringify(this.holder));
    } catch (cause) {
      removeQuietly(draft);
      throw cannotWrite(this.folder, cause);
    }
    try {
      linkSync(draft, this.path);
      return true;
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === "EEXIST") return false;
      throw cannotWrite(this.folder, cause);
    } finally {
      removeQuietly(draft);
    }
  }

  private removeStale(): void {
    const found = readHolder(this.path);
    if (found !== undefined && isForeign(found)) {
      throw new CheckpointError(
        `${this.folder} is in use by process ${found.pid} on ${found.host}.`,
        `Stop that run or choose another folder; if no such run exists, delete ${this.path}.`,
      );
    }
    const aside = `${this.path}.${this.holder.token}.stale`;
    try {
      renameSync(this.path, aside);
    } catch {
      return; // Somebody else was quicker; look again.
    }
    // Between the look and the rename another process may have taken over: give its lock back.
    const moved = readHolder(aside);
    if (moved !== undefined && moved.token !== found?.token) linkSync(aside, this.path);
    rmSync(aside, { force: true });
  }
}

/** Held by a process that may be alive and is not this one. */
function isForeign({ pid, host }: Holder): boolean {
  if (host !== hostname()) return true;
  return pid !== process.pid && isAlive(pid);
}

/** Undefined if there is no lock, or none that can be read. */
function readHolder(path: string): Holder | undefined {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as Holder;
  } catch {
    return undefined;
  }
}
