import { sep } from "node:path";

import type { SourceMaps } from "./source-maps";

/** Frames of these belong to the machinery that runs a cell and tell its writer nothing. */
const INTERNAL = [
  `${sep}kernel${sep}dist${sep}`,
  `${sep}tslab${sep}dist${sep}`,
  "node:internal",
  "node:vm",
];

/** Ten, V8's own limit, can all be TensorFlow's: the line of the cell would be missing. */
const DEPTH = 60;

type Formatter = NonNullable<typeof Error.prepareStackTrace>;

/** Makes every `error.stack` speak of lines of cells as written, and leave the machinery out. */
export function installStacks(maps: SourceMaps): void {
  const format: Formatter = (error, frames) => {
    // What called the outermost code of a cell is the machinery.
    const cells = frames.findLastIndex((frame) => maps.isCell(fileOf(frame)));
    const shown = cells < 0 ? frames : frames.slice(0, cells + 1);
    const lines = shown.flatMap((frame) => frameLine(maps, frame) ?? []);
    return [header(error), ...lines].join("\n");
  };
  Error.prepareStackTrace = format;
  Error.stackTraceLimit = DEPTH;
}

function frameLine(maps: SourceMaps, frame: NodeJS.CallSite): string | undefined {
  const file = fileOf(frame);
  if (!maps.isCell(file)) {
    const text = String(frame);
    return INTERNAL.some((part) => text.includes(part)) ? undefined : `    at ${text}`;
  }
  const line = frame.getLineNumber() ?? 1;
  const place = maps.place(file, line, frame.getColumnNumber() ?? 1);
  if (!place) return undefined;
  const at = `${file}:${String(place.line)}:${String(place.column)}`;
  const name = frame.getFunctionName();
  const isCellItself = name === null || name === "";
  return isCellItself ? `    at ${at}` : `    at ${name} (${at})`;
}

function fileOf(frame: NodeJS.CallSite): string | null | undefined {
  return frame.getScriptNameOrSourceURL() ?? frame.getFileName();
}

function header(error: Error): string {
  try {
    return String(error);
  } catch {
    return "Error";
  }
}
