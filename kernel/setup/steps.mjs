// @ts-check
import { rmSync } from "node:fs";
import { join } from "node:path";

import { course } from "./course.mjs";
import { readJson, writeAtomic } from "./files.mjs";

/**
 * @typedef {object} Step one part of set-up; safe to run again after a kill at any moment
 * @property {string} name what a person reads, e.g. "Node packages"
 * @property {string} id the name of its stamp
 * @property {() => string} key a hash of everything that the result depends on
 * @property {() => boolean} isInPlace whether the result is there, looked at quickly
 * @property {(progress: Progress, interrupted: boolean) => Promise<string>} make
 *   makes it; `interrupted` if the last attempt was killed. Resolves to one line about the result
 * @property {number} [megabytes] free disk needed to make it
 *
 * @typedef {(line: string) => void} Progress
 *
 * @typedef {{ state: "started" } | { state: "done", key: string, note: string }} Stamp
 */

/**
 * @param {string} id
 * @returns {Stamp | undefined}
 */
export function readStamp(id) {
  return readJson(join(course.stamps, `${id}.json`));
}

/**
 * Whether a step has nothing to do.
 * @param {Step} step
 */
export function isDone(step) {
  const stamp = readStamp(step.id);
  return stamp?.state === "done" && stamp.key === step.key() && step.isInPlace();
}

/**
 * Make a step's result, unless it is in place. The stamp says "started" while it is made, so that
 * a kill is seen.
 * @param {Step} step
 * @param {Progress} progress
 * @returns {Promise<string>} one line about the result
 */
export async function bringToEnd(step, progress) {
  const stamp = readStamp(step.id);
  if (stamp?.state === "done" && isDone(step)) return stamp.note;
  const path = join(course.stamps, `${step.id}.json`);
  writeAtomic(path, JSON.stringify({ state: "started" }));
  rmSync(course.temp, { recursive: true, force: true });
  const note = await step.make(progress, stamp?.state === "started");
  writeAtomic(path, JSON.stringify({ state: "done", key: step.key(), note }));
  return note;
}
