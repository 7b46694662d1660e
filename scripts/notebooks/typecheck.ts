import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

import ts from "typescript";

import type { ExpandedCell } from "./expand";

/** One notebook in one variant, as the type checker sees it: one module. */
export interface Module {
  /** The notebook's source, for messages. */
  readonly source: string;
  /** Where the module is written; its folder must find the package. */
  readonly path: string;
  readonly cells: readonly ExpandedCell[];
}

/**
 * Type-check notebooks as the library is, strictly: the kernel itself is not strict. All cells of
 * a notebook are one module, so a name means one thing from top to bottom.
 *
 * Two strict options are off (`notebooks/src/tsconfig.json`): `noUncheckedIndexedAccess`, since
 * lessons read arrays on every other line, and unused names, since stubs do not use their arguments.
 *
 * @returns messages with file and line of the source; none when all is well
 */
export function typecheck(modules: readonly Module[], root: string): string[] {
  const lines = new Map(modules.map((module) => [module.path, writeModule(module)]));
  const sources = new Map(modules.map(({ path, source }) => [path, source]));
  const program = ts.createProgram([...lines.keys()], compilerOptions(root));
  return ts.getPreEmitDiagnostics(program).map(({ file, start, code, messageText }) => {
    const text = `TS${code}: ${ts.flattenDiagnosticMessageText(messageText, "\n  ")}`;
    const source = file && sources.get(file.fileName);
    if (source === undefined || start === undefined) return text;
    const { line } = ts.getLineAndCharacterOfPosition(file as ts.SourceFile, start);
    return `${source}:${lines.get(file?.fileName ?? "")?.[line] ?? "?"}: ${text}`;
  });
}

/** @returns the line of the source for each line written */
function writeModule({ path, cells }: Module): number[] {
  const code = cells.filter(({ kind }) => kind === "code");
  const lines = code.flatMap((cell) =>
    cell.text.split("\n").map((text, i) => ({ text, line: cell.sourceLine(i) })),
  );
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, [...lines.map(({ text }) => text), "export {};", ""].join("\n"));
  return lines.map(({ line }) => line);
}

/** The options under which sources are linted and shown in an editor. */
function compilerOptions(root: string): ts.CompilerOptions {
  const folder = join(root, "notebooks", "src");
  const { config } = ts.readConfigFile(join(folder, "tsconfig.json"), (file) =>
    ts.sys.readFile(file),
  );
  return ts.parseJsonConfigFileContent(config, ts.sys, folder).options;
}
