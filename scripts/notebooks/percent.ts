import { SourceError } from "./source-error";

/** One cell of a source in percent format. */
export interface SourceCell {
  readonly kind: "markdown" | "code";
  /** What follows `// %%`: quoted values, e.g. `exercise="lib/objectives/elbo.ts#elbo"`. */
  readonly attributes: Readonly<Record<string, string>>;
  /** The text: markdown without its comment marks, or TypeScript. No blank lines at the ends. */
  readonly text: string;
  /** The line of `// %%`, and the first line of `text`, counted from 1. */
  readonly line: number;
  readonly textLine: number;
}

const MARKER = /^\/\/ %%(?:\s|$)/;

/**
 * Read a notebook source: plain TypeScript, in which `// %%` starts a code cell and
 * `// %% [markdown]` a cell of `// ` lines. Jupytext reads the same files. What stands before the
 * first marker is not part of the notebook.
 *
 * @throws SourceError naming the line
 */
export function parsePercent(file: string, source: string): SourceCell[] {
  const lines = source.split("\n");
  const starts = lines.flatMap((line, i) => (MARKER.test(line) ? [i] : []));
  return starts.map((start, i) => parseCell(file, lines.slice(0, starts[i + 1]), start));
}

function parseCell(file: string, lines: readonly string[], start: number): SourceCell {
  const header = (lines[start] as string).slice("// %%".length).trim();
  const isMarkdown = header.startsWith("[markdown]");
  const attributes = parseAttributes(
    isMarkdown ? header.slice("[markdown]".length) : header,
    `${file}:${start + 1}`,
  );
  let [first, last] = [start + 1, lines.length];
  while (first < last && lines[first]?.trim() === "") first++;
  while (last > first && lines[last - 1]?.trim() === "") last--;
  const body = lines.slice(first, last);
  const text = isMarkdown
    ? body.map((line, i) => uncomment(line, `${file}:${first + i + 1}`))
    : body;
  return {
    kind: isMarkdown ? "markdown" : "code",
    attributes,
    text: text.join("\n"),
    line: start + 1,
    textLine: first + 1,
  };
}

function uncomment(line: string, where: string): string {
  if (line === "//" || line === "") return "";
  if (line.startsWith("// ")) return line.slice(3);
  throw new SourceError(where, `a line of a markdown cell starts with "// ", got "${line}"`);
}

function parseAttributes(text: string, where: string): Record<string, string> {
  const attributes: Record<string, string> = {};
  const rest = text.replace(/([a-z]+)="([^"]*)"/g, (_, name: string, value: string) => {
    attributes[name] = value;
    return "";
  });
  if (rest.trim() === "") return attributes;
  throw new SourceError(where, `after // %% come name="value" pairs, got "${rest.trim()}"`);
}
