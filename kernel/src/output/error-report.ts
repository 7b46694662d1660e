import { TypeScriptError } from "../cells/engine";
import { cellNumber, type SourceMaps } from "../cells/source-maps";
import type { ExecuteOrder } from "../threads/channel";
import { type MimeBundle, textOf } from "./bundle";
import { foldedFrames, type Frame, framesOf, summary } from "./frames";

/** An error as Jupyter's messages carry it. */
export interface ErrorReport {
  readonly ename: string;
  readonly evalue: string;
  readonly traceback: readonly string[];
}

const RED = "\u001b[31m";
const GREEN = "\u001b[32m";
const DIM = "\u001b[2m";
const END = "\u001b[0m";
/** Lines shown before and after the one that failed. */
const CONTEXT_LINES = 2;
/** With fewer hidden frames than this, the line that stands for them says enough. */
const HIDDEN_FRAMES = 3;
const CELL_FRAME = /(cell-\d+\.ts):(\d+):(\d+)/;

/** Describes an error for the reader of the notebook, beginning at the line of the cell. */
export function reportError(error: unknown, maps: SourceMaps, order: ExecuteOrder): ErrorReport {
  if (error instanceof TypeScriptError) return reportDiagnostics(error, order);
  if (!(error instanceof Error)) {
    const evalue = textOf(error);
    return { ename: "Error", evalue: evalue, traceback: [`${RED}Thrown:${END} ${evalue}`] };
  }
  const { name: ename, message: evalue } = error;
  const frames = framesOf(stackOf(error));
  const where = CELL_FRAME.exec(frames.map(({ text }) => text).join("\n") || firstLine(error));
  const excerpt = where ? excerptOf(maps, where[1] ?? "", Number(where[2])) : [];
  return {
    ename,
    evalue,
    traceback: [...titleOf(error), ...excerpt, ...folded(frames), ...causes(error)],
  };
}

/** Name and message; what to do about it, if the error says that, in a line of its own. */
function titleOf(error: Error): string[] {
  const { name, message } = error;
  const { fix } = error as { fix?: unknown };
  if (typeof fix !== "string" || fix === "" || !message.endsWith(` ${fix}`)) {
    return [`${RED}${name}${END}: ${message}`];
  }
  const problem = message.slice(0, -fix.length - 1);
  return [`${RED}${name}${END}: ${problem}`, `${GREEN}→ ${fix}${END}`];
}

function stackOf({ stack }: Error): string {
  return typeof stack === "string" ? stack : "";
}

function firstLine(error: Error): string {
  return stackOf(error).split("\n")[0] ?? "";
}

function folded(frames: readonly Frame[]): string[] {
  return foldedFrames(frames).map((line) => `${DIM}${line}${END}`);
}

function causes({ cause }: Error): string[] {
  if (cause === undefined) return [];
  if (!(cause instanceof Error)) return [`Caused by: ${textOf(cause)}`];
  const title = `Caused by: ${cause.name}: ${cause.message}`;
  return [title, ...folded(framesOf(stackOf(cause))), ...causes(cause)];
}

/**
 * Every frame of an error of which the traceback leaves some out, to be opened by a click.
 *
 * @returns undefined if nothing was left out
 */
export function allFrames(error: unknown): MimeBundle | undefined {
  if (!(error instanceof Error)) return undefined;
  const frames = framesOf(stackOf(error));
  const hidden = frames.filter(({ library }) => library !== undefined);
  if (hidden.length < HIDDEN_FRAMES) return undefined;
  const lines = frames.map(({ text }) => text).join("\n");
  const title = `All ${summary(frames)} and cells`;
  const html = `<details><summary>${escapeHtml(title)}</summary><pre>${escapeHtml(lines)}</pre></details>`;
  return { "text/html": html, "text/plain": `(${summary(hidden)} not shown)` };
}

function escapeHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
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
