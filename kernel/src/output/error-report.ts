import { TypeScriptError } from "../cells/engine";
import { cellNumber, type SourceMaps } from "../cells/source-maps";
import type { ExecuteOrder } from "../threads/channel";
import { textOf } from "./bundle";

/** An error as Jupyter's messages carry it. */
export interface ErrorReport {
  readonly ename: string;
  readonly evalue: string;
  readonly traceback: readonly string[];
}

const RED = "\u001b[31m";
const DIM = "\u001b[2m";
const END = "\u001b[0m";
/** Lines shown before and after the one that failed. */
const CONTEXT_LINES = 2;
const CELL_FRAME = /(cell-\d+\.ts):(\d+):(\d+)/;

/** Describes an error for the reader of the notebook, beginning at the line of the cell. */
export function reportError(error: unknown, maps: SourceMaps, order: ExecuteOrder): ErrorReport {
  if (error instanceof TypeScriptError) return reportDiagnostics(error, order);
  if (!(error instanceof Error)) {
    const evalue = textOf(error);
    return { ename: "Error", evalue: evalue, traceback: [`${RED}Thrown:${END} ${evalue}`] };
  }
  const { name: ename, message: evalue } = error;
  const [first, ...frames] = stackOf(error);
  const title = `${RED}${ename}${END}: ${evalue}`;
  const where = CELL_FRAME.exec(frames.join("\n") || (first ?? ""));
  const excerpt = where ? excerptOf(maps, where[1] ?? "", Number(where[2])) : [];
  const dimmed = frames.map((frame) => `${DIM}${frame}${END}`);
  return { ename, evalue, traceback: [title, ...excerpt, ...dimmed, ...causes(error)] };
}

/** Title and frames of a stack; a message of several lines is cut from the frames. */
function stackOf(error: Error): string[] {
  const lines = (typeof error.stack === "string" ? error.stack : "").split("\n");
  const frames = lines.filter((line) => /^\s+at /.test(line));
  return [lines[0] ?? "", ...frames];
}

function causes(error: Error): string[] {
  return error.cause === undefined ? [] : [`Caused by: ${textOf(error.cause)}`];
}

function excerptOf(maps: SourceMaps, file: string, line: number): string[] {
  const title = `cell [${String(cellNumber(file))}], line ${String(line)}`;
  return [title, ...numbered(maps.code(file), line)];
}

function numbered(code: string, line: number): string[] {
  const lines = code.split("\n");
  const from = Math.max(1, line - CONTEXT_LINES);
  const to = Math.min(lines.length, line + CONTEXT_LINES);
  return lines.slice(from - 1, to).map((text, i) => {
    const number = String(from + i).padStart(String(to).length);
    return from + i === line ? `→ ${number} │ ${text}` : `  ${number} │ ${text}`;
  });
}

function reportDiagnostics({ diagnostics }: TypeScriptError, order: ExecuteOrder): ErrorReport {
  const traceback = [`${RED}TypeScriptError${END}: the cell was not run`];
  let previous = "";
  for (const { start, messageText, code, fileName } of diagnostics) {
    const line = start.line + 1;
    const where = `${fileName ?? "cell"} line ${String(line)}, column ${String(start.character + 1)}`;
    // TypeScript explains an error by more messages at the same place.
    if (where === previous) {
      traceback.push(`    ${messageText}`);
      continue;
    }
    previous = where;
    traceback.push(`${where}: ${RED}${messageText}${END} (TS${String(code)})`);
    if (fileName === undefined) {
      const text = order.code.split("\n")[start.line] ?? "";
      const margin = `→ ${String(line)} │ `;
      const indent = text.slice(0, start.character).replaceAll(/[^\t]/g, " ");
      traceback.push(margin + text, " ".repeat(margin.length) + indent + RED + "^" + END);
    }
  }
  const [first] = diagnostics;
  const line = (first?.start.line ?? 0) + 1;
  const evalue = `${first?.fileName ?? "line"}${first?.fileName ? ":" : " "}${String(line)}: ${first?.messageText ?? ""}`;
  return { ename: "TypeScriptError", evalue, traceback };
}
