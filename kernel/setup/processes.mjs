// @ts-check
import { readFileSync } from "node:fs";

/**
 * A process id with, on Linux, the process's start time, since ids are used again.
 * @param {number} pid
 * @returns {string} "" if there is no such process, or only its remains
 */
export function identity(pid) {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== "EPERM") return "";
  }
  try {
    // What follows the name in parentheses: the state first, the start time as the 20th.
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.split(" ") ?? [];
    return fields[0] === "Z" ? "" : `${pid} ${fields[19]}`;
  } catch {
    return `${pid}`;
  }
}

/**
 * The process that an identity in a file names, if it is still alive.
 * @param {string} path
 * @returns {{ pid: number, alive: boolean, text: string } | undefined} undefined without a file
 */
export function readIdentity(path) {
  try {
    const text = readFileSync(path, "utf8");
    const pid = Number.parseInt(text, 10);
    return { pid, alive: pid > 0 && identity(pid) === text, text };
  } catch {
    return undefined;
  }
}
