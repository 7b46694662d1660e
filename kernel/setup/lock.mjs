// @ts-check
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { identity, readIdentity } from "./processes.mjs";

/**
 * Become the only set-up of this folder, waiting for another one to end. The lock of a process
 * that is no longer alive is taken over.
 *
 * @param {string} path the lock file
 * @param {(holder: number) => void} onWait called once if another process holds the lock
 * @returns {Promise<() => void>} frees the lock
 */
export async function acquireLock(path, onWait) {
  mkdirSync(dirname(path), { recursive: true });
  const mine = `${path}.${process.pid}`;
  writeFileSync(mine, identity(process.pid));
  try {
    for (let told = false; !tryLink(mine, path);) {
      const holder = readIdentity(path);
      if (holder?.alive) {
        if (!told) onWait(holder.pid);
        told = true;
        await sleep(300);
      } else if (holder !== undefined) {
        removeStale(path, holder.text);
      }
    }
  } finally {
    rmSync(mine, { force: true });
  }
  return () => rmSync(path, { force: true });
}

/**
 * A hard link either is made, with its contents, or the name is taken: no half-written lock.
 * @param {string} from
 * @param {string} to
 */
function tryLink(from, to) {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === "EEXIST") return false;
    throw error;
  }
}

/**
 * Move a dead process's lock away. If another process replaced it in between, that one's lock is
 * put back.
 * @param {string} path
 * @param {string} stale its contents
 */
function removeStale(path, stale) {
  const moved = `${path}.${process.pid}.old`;
  try {
    renameSync(path, moved);
  } catch {
    return; // another process was faster
  }
  if (readFileSync(moved, "utf8") !== stale) tryLink(moved, path);
  rmSync(moved, { force: true });
}
