import { createHash } from "node:crypto";

import type { Header } from "./header";

/** A cell as nbformat 4.5 has it; in files that are read, anything may be missing. */
export interface NotebookCell {
  readonly cell_type: "markdown" | "code";
  readonly id: string;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly source: readonly string[];
  readonly outputs?: readonly unknown[];
  readonly execution_count?: number | null;
}

export interface Notebook {
  readonly cells: readonly NotebookCell[];
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly nbformat: 4;
  readonly nbformat_minor: 5;
}

/** Where a notebook came from, kept in its metadata. */
interface Origin {
  readonly source: string;
  /** `contentHash` of the cells as they were built. */
  readonly build: string;
}

const KERNELSPEC = {
  display_name: "LatentLab (TypeScript)",
  language: "typescript",
  name: "latentlab",
};
const LANGUAGE = { file_extension: ".ts", mimetype: "text/typescript", name: "typescript" };

/** @param source the notebook's source, relative to the project */
export function createNotebook(
  cells: readonly NotebookCell[],
  source: string,
  header?: Header,
): Notebook {
  const latentlab: Origin & Partial<Header> = { source, build: contentHash(cells), ...header };
  const metadata = { kernelspec: KERNELSPEC, language_info: LANGUAGE, latentlab };
  return { cells, metadata, nbformat: 4, nbformat_minor: 5 };
}

/** The file's text: sorted keys, an indent of 1 and a last newline, as Jupyter itself saves. */
export function stringify(notebook: Notebook): string {
  return `${JSON.stringify(sortKeys(notebook), null, 1)}\n`;
}

/** Lines that keep their newline, but the last: nbformat's way. */
export function toLines(text: string): string[] {
  return text.split(/(?<=\n)/);
}

/** A hash of what people write: kinds and sources of the cells, not ids, outputs or counts. */
export function contentHash(cells: readonly NotebookCell[]): string {
  const content = cells.map(({ cell_type, source }) => [cell_type, [source].flat().join("")]);
  return createHash("sha256").update(JSON.stringify(content)).digest("hex");
}

/** The source that a notebook file was built from; undefined when it was not built. */
export function originOf(file: string): string | undefined {
  return readOrigin(parse(file))?.source;
}

/** Whether a notebook file holds cells that differ from the ones it was built with. */
export function isEdited(file: string): boolean {
  const notebook = parse(file);
  const origin = readOrigin(notebook);
  if (notebook === undefined || origin === undefined) return true;
  return contentHash(notebook.cells) !== origin.build;
}

function parse(file: string): Notebook | undefined {
  try {
    const notebook = JSON.parse(file) as Notebook;
    return Array.isArray(notebook.cells) ? notebook : undefined;
  } catch {
    return undefined;
  }
}

function readOrigin(notebook: Notebook | undefined): Origin | undefined {
  const origin = notebook?.metadata["latentlab"] as Partial<Origin> | undefined;
  return origin?.source === undefined || origin.build === undefined
    ? undefined
    : { source: origin.source, build: origin.build };
}

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, item]) => [key, sortKeys(item)]));
}
