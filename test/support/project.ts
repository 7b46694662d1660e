import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";

/** A small project in a temporary folder, for code that reads and writes project files. */
export interface Project {
  readonly root: string;
  write(path: string, text: string): void;
  remove(): void;
}

/** @param files texts by path; the compiler options and Node packages are this project's */
export function createProject(files: Readonly<Record<string, string>>): Project {
  const root = mkdtempSync(join(tmpdir(), "latentlab-project-"));
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  for (const path of ["tsconfig.base.json", "lib/tsconfig.json", "notebooks/src/tsconfig.json"]) {
    cpSync(resolve(path), join(root, path), { recursive: true });
  }
  symlinkSync(resolve("node_modules"), join(root, "node_modules"));
  for (const [path, text] of Object.entries(files)) write(path, text);
  return { root, write, remove: () => rmSync(root, { recursive: true }) };
}
