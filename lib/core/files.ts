import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, parse } from "node:path";

/** The course's own folder, found from this file upwards; undefined for a copy elsewhere. */
export function courseFolder(): string | undefined {
  for (let folder = __dirname; folder !== parse(folder).root; folder = dirname(folder)) {
    if (existsSync(join(folder, "datasets", "catalog.json"))) return folder;
  }
  return undefined;
}

/** Write one file so that it is there whole or not at all. @throws the system's own errors */
export function writeWhole(path: string, bytes: string | Uint8Array): void {
  const temporary = `${path}.writing-${process.pid}`;
  try {
    writeFileSync(temporary, bytes, { flush: true });
    renameSync(temporary, path);
    syncFolder(dirname(path));
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

/** Make renames in a folder last through a power cut. */
export function syncFolder(folder: string): void {
  const descriptor = openSync(folder, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
