// @ts-check
import { createHash } from "node:crypto";
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";

/**
 * Write a file so that a reader sees the old text or the new one, never half of it.
 * @param {string} path
 * @param {string} text
 */
export function writeAtomic(path, text) {
  mkdirSync(dirname(path), { recursive: true });
  const partial = `${path}.partial`;
  const file = openSync(partial, "w", 0o644);
  try {
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(partial, path);
}

/**
 * Put a finished folder in the place of another. A kill between the two renames leaves no folder
 * at all, which the next set-up sees and makes again.
 * @param {string} finished
 * @param {string} place
 */
export function replaceFolder(finished, place) {
  const old = `${place}.old`;
  rmSync(old, { recursive: true, force: true });
  if (existsSync(place)) renameSync(place, old);
  renameSync(finished, place);
  rmSync(old, { recursive: true, force: true });
}

/**
 * Remove what killed set-ups left in a folder: `*.partial`, `*.old`.
 * @param {string} folder
 */
export function sweep(folder) {
  if (!existsSync(folder)) return;
  for (const name of readdirSync(folder)) {
    if (/\.(partial|old)$/.test(name)) rmSync(join(folder, name), { recursive: true, force: true });
  }
}

/**
 * @param {string} path
 * @returns {any} the parsed JSON, or undefined if there is no such file or it is damaged
 */
export function readJson(path) {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return undefined;
  }
}

/**
 * SHA-256 of values; objects by their JSON.
 * @param {...unknown} values
 * @returns {string} hex
 */
export function fingerprint(...values) {
  return createHash("sha256").update(JSON.stringify(values)).digest("hex");
}

/**
 * SHA-256 of the names and contents of files.
 * @param {string[]} paths files or folders, walked in full; a missing one counts as absent
 * @param {(name: string) => boolean} [keep] which names to walk into or to read
 * @returns {string} hex
 */
export function fingerprintFiles(paths, keep = () => true) {
  const hash = createHash("sha256");
  /** @param {string} path */
  function add(path) {
    if (!existsSync(path)) return void hash.update(`absent:${path}\n`);
    const entries = entriesOf(path);
    if (entries === undefined) return void hash.update(`${path}\n`).update(readFileSync(path));
    for (const name of entries.filter(keep).sort()) add(join(path, name));
  }
  paths.forEach(add);
  return hash.digest("hex");
}

/**
 * @param {string} path
 * @returns {string[] | undefined} undefined if it is a file
 */
function entriesOf(path) {
  try {
    return readdirSync(path);
  } catch {
    return undefined;
  }
}
