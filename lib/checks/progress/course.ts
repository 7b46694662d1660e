import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";

import { courseFolder } from "../../core/files";

/** A notebook of the course, as far as progress is concerned. */
export interface CourseNotebook {
  /** "01" */
  readonly number: string;
  readonly title: string;
  /** 1, 2 or 3; undefined if the notebook does not say. */
  readonly difficulty: number | undefined;
  readonly minutes: number | undefined;
  /** Names of the functions to write. */
  readonly exercises: readonly string[];
}

interface Cell {
  readonly cell_type: string;
  readonly source: string | readonly string[];
  readonly metadata?: { readonly latentlab?: { readonly exercise?: string } };
}

interface NotebookFile {
  readonly cells: readonly Cell[];
  readonly metadata: {
    readonly latentlab?: { readonly difficulty?: number; readonly minutes?: number };
  };
}

/** The notebooks of the course in order; those that cannot be read are left out. */
export function courseNotebooks(root = courseFolder()): CourseNotebook[] {
  return filesIn(root, "notebooks").map(([name, { cells, metadata }]) => {
    const number = /^\d+/.exec(name)?.[0] ?? name;
    const heading = /^# (.*)$/m.exec(cells.map(sourceOf).join("\n"))?.[1] ?? name;
    const { difficulty, minutes } = metadata.latentlab ?? {};
    const exercises = cells.flatMap((cell) => exerciseOf(cell) ?? []);
    return { number, title: heading.replace(/^\d+ · /, ""), difficulty, minutes, exercises };
  });
}

/** The solved cell of an exercise; undefined if this copy of the course has no solutions. */
export function solutionText(exercise: string, root = courseFolder()): string | undefined {
  const cells = filesIn(root, "solutions").flatMap(([, file]) => file.cells);
  const cell = cells.find((one) => exerciseOf(one) === exercise);
  return cell && sourceOf(cell);
}

function filesIn(root: string | undefined, folder: string): [name: string, NotebookFile][] {
  const path = join(root ?? ".", folder);
  if (!existsSync(path)) return [];
  const names = readdirSync(path).filter((name) => /^\d.*\.ipynb$/.test(name));
  return names.sort().flatMap((name): [string, NotebookFile][] => {
    const file = parse(readFileSync(join(path, name), "utf8"));
    return file === undefined ? [] : [[name, file]];
  });
}

function parse(text: string): NotebookFile | undefined {
  try {
    const file = JSON.parse(text) as Partial<NotebookFile>;
    return Array.isArray(file.cells) ? { metadata: {}, ...file, cells: file.cells } : undefined;
  } catch {
    return undefined;
  }
}

function exerciseOf({ metadata }: Cell): string | undefined {
  return metadata?.latentlab?.exercise?.split("#")[1];
}

function sourceOf({ source }: Cell): string {
  return [source].flat().join("");
}
