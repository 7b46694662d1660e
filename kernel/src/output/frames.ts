import { readFileSync } from "node:fs";
import { SourceMap, type SourceMapPayload } from "node:module";
import { basename, dirname, join, sep } from "node:path";

/** One line of a stack, taken apart. */
export interface Frame {
  readonly text: string;
  /** Undefined in the code of cells. */
  readonly library?: string;
  /** As a person looks it up: function, file and line. */
  readonly place: string;
}

const CALL = /^\s+at (?:async )?(?:(.*?) \()?(.*?):(\d+):(\d+)\)?$/;
const CELL = /\bcell-\d+\.ts:\d+:\d+/;
const PACKAGE = /^.*[/\\]node_modules[/\\](?<name>(?:@[^/\\]+[/\\])?[^/\\]+)[/\\](?<file>.*)$/;
const LATENTLAB = `${sep}lib${sep}dist${sep}`;

/** The frames of a stack as `installStacks` writes it. */
export function framesOf(stack: string): Frame[] {
  return stack
    .split("\n")
    .filter((line) => /^\s+at /.test(line))
    .map(parse);
}

function parse(line: string): Frame {
  const text = line.trim();
  if (CELL.test(text)) return { text, place: text };
  const [, name = "", file = "", row = "1", column = "1"] = CALL.exec(line) ?? [];
  if (file === "" || file.startsWith("node:")) {
    const place = text.replace(/^at (async )?/, "").replace(/ \(.*$/, "");
    return { text, library: file === "" ? "JavaScript" : "Node", place };
  }
  const { library, path, at } = origin(file, Number(row), Number(column));
  const call = name === "" ? "" : `${name} `;
  return { text: `at ${call}(${path}:${at})`, library, place: `${call}${basename(path)}:${at}` };
}

interface Origin {
  readonly library: string;
  /** Inside the library; no folder of this machine. */
  readonly path: string;
  /** The line. */
  readonly at: number;
}

function origin(file: string, line: number, column: number): Origin {
  const compiled = file.lastIndexOf(LATENTLAB);
  if (compiled >= 0) {
    const source = written(file, line, column);
    const library = "latentlab";
    if (source) return { library, ...source };
    return { library, path: file.slice(compiled + LATENTLAB.length), at: line };
  }
  const { name, file: path } = PACKAGE.exec(file)?.groups ?? {};
  if (name === undefined) return { library: "files", path: basename(file), at: line };
  return { library: name.replace(/^@tensorflow.tfjs.*/, "tfjs"), path: path ?? file, at: line };
}

/** Where compiled code of our library comes from, by the source map beside it. */
function written(file: string, line: number, column: number): Omit<Origin, "library"> | undefined {
  try {
    const map = JSON.parse(readFileSync(`${file}.map`, "utf8")) as SourceMapPayload;
    const entry = new SourceMap(map).findEntry(line - 1, column - 1);
    if (!("originalLine" in entry)) return undefined;
    const source = join(dirname(file), entry.originalSource);
    const root = file.slice(0, file.lastIndexOf(LATENTLAB) + LATENTLAB.length - "dist/".length);
    return { path: source.slice(root.length), at: entry.originalLine + 1 };
  } catch {
    return undefined; // Without maps the compiled line must do.
  }
}

/** Frames in few lines: those of cells as they are, each row of others as one line. */
export function foldedFrames(frames: readonly Frame[]): string[] {
  const rows: Frame[][] = [];
  for (const frame of frames) {
    const row = rows.at(-1);
    const goesOn = frame.library === undefined ? row?.[0]?.text === frame.text : isLibrary(row);
    if (row && goesOn) row.push(frame);
    else rows.push([frame]);
  }
  return rows.flatMap((row) => `    ${foldedRow(row)}`);
}

function isLibrary(row: readonly Frame[] | undefined): boolean {
  return row?.[0]?.library !== undefined;
}

function foldedRow(row: readonly Frame[]): string {
  const [first] = row as [Frame, ...Frame[]];
  if (first.library === undefined) {
    return row.length > 1 ? `${first.text}, ${String(row.length)} times` : first.text;
  }
  // The one that the cell has called says most.
  const called = row.findLast(({ library }) => library === "latentlab") ?? row.at(-1) ?? first;
  const more = row.length > 1 ? " …" : "";
  return `… ${summary(row)} (${called.place}${more})`;
}

/** E.g. "12 frames in tfjs, latentlab". */
export function summary(frames: readonly Frame[]): string {
  const libraries = new Set(frames.flatMap(({ library }) => library ?? []));
  const count = `${String(frames.length)} frame${frames.length === 1 ? "" : "s"}`;
  return `${count} in ${[...libraries].join(", ")}`;
}
