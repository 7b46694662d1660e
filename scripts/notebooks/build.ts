import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";

import {
  type ExpandedCell,
  type FindExercise,
  type Variant,
  expand,
  toNotebookCell,
} from "./expand";
import { readHeader } from "./header";
import { createNotebook, isEdited, originOf, stringify } from "./ipynb";
import { parsePercent } from "./percent";
import { type Module, typecheck } from "./typecheck";

const SOURCES = "notebooks/src";
/** Where each variant lies. */
const FOLDERS: Readonly<Record<Variant, string>> = {
  exercise: "notebooks",
  solution: "solutions",
};
const VARIANTS = ["exercise", "solution"] as const;

/** One notebook file to be. */
export interface BuiltNotebook {
  /** Relative to the project, e.g. "notebooks/01-vae.ipynb". */
  readonly path: string;
  readonly source: string;
  readonly variant: Variant;
  readonly cells: readonly ExpandedCell[];
  readonly text: string;
}

/** Sources in `notebooks/src`, relative to the project, in order. */
export function sourcesIn(root: string): string[] {
  const folder = join(root, SOURCES);
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder).filter((name) => name.endsWith(".nb.ts"));
  return names.sort().map((name) => `${SOURCES}/${name}`);
}

/** Both notebooks of every source. @throws SourceError */
export async function buildNotebooks(root: string, find: FindExercise): Promise<BuiltNotebook[]> {
  const built: BuiltNotebook[] = [];
  for (const source of sourcesIn(root)) {
    const cells = parsePercent(source, readFileSync(join(root, source), "utf8"));
    const header = readHeader(source, cells);
    const name = source.slice(SOURCES.length + 1).replace(/\.nb\.ts$/, ".ipynb");
    for (const variant of VARIANTS) {
      const expanded = await expand(source, cells, variant, find);
      const notebook = createNotebook(expanded.map(toNotebookCell), source, header);
      const text = stringify(notebook);
      built.push({ path: `${FOLDERS[variant]}/${name}`, source, variant, cells: expanded, text });
    }
  }
  return built;
}

/** @returns messages with file and line; none when all is well */
export function typecheckNotebooks(root: string, notebooks: readonly BuiltNotebook[]): string[] {
  const modules = notebooks.map(({ source, variant, cells, path }): Module => {
    const name = path.slice(path.lastIndexOf("/") + 1).replace(/ipynb$/, "ts");
    return { source, cells, path: join(root, ".build", "notebooks", variant, name) };
  });
  return typecheck(modules, root);
}

/**
 * Write notebooks, whole or not at all. A file with a learner's edits is left alone, unless forced.
 *
 * @returns messages about files that were left alone
 */
export function writeNotebooks(
  root: string,
  notebooks: readonly BuiltNotebook[],
  isForced: boolean,
): string[] {
  return notebooks.flatMap(({ path, text }) => {
    const file = join(root, path);
    const old = existsSync(file) ? readFileSync(file, "utf8") : undefined;
    if (old === text) return [];
    if (old !== undefined && !isForced && isEdited(old)) {
      return [
        `${path} holds edits and was left as it is. To keep them, rename it (they then live on ` +
          `beside the new one); to drop them, run: npm run notebooks -- --force`,
      ];
    }
    mkdirSync(dirname(file), { recursive: true });
    const fresh = `${file}.${process.pid}.new`;
    writeFileSync(fresh, text);
    renameSync(fresh, file);
    return [];
  });
}

/** Files that differ from what the sources give, and built files whose source is gone. */
export function findDrift(root: string, notebooks: readonly BuiltNotebook[]): string[] {
  const stale = notebooks.filter(({ path, text }) => {
    const file = join(root, path);
    return !existsSync(file) || readFileSync(file, "utf8") !== text;
  });
  const orphans = Object.values(FOLDERS).flatMap((folder) =>
    notebooksIn(root, folder).filter((path) => {
      const source = originOf(readFileSync(join(root, path), "utf8"));
      return source !== undefined && !existsSync(join(root, source));
    }),
  );
  return [
    ...stale.map(({ path, source }) => `${path} is not what ${source} gives`),
    ...orphans.map((path) => `${path} has lost its source`),
  ];
}

function notebooksIn(root: string, folder: string): string[] {
  if (!existsSync(join(root, folder))) return [];
  const names = readdirSync(join(root, folder)).filter((name) => name.endsWith(".ipynb"));
  return names.sort().map((name) => `${folder}/${name}`);
}
