import { SourceMap, type SourceMapPayload } from "node:module";

/** A place in a cell as its writer sees it; line and column count from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

interface Script {
  readonly code: string;
  /** Lines of JavaScript; what follows them is the call that tslab wraps around. */
  readonly lines: number;
  /** From what runs back to what was written, one map per stage of the compiler. */
  readonly stages: readonly SourceMapPayload[];
}

/** tslab begins each source with a line of its own, so that TypeScript takes it as a module. */
const PREFIX_LINES = 1;
const NAME = /^cell-(\d+)\.ts$/;

/** Where the running JavaScript of each cell comes from. */
export class SourceMaps {
  private readonly scripts = new Map<string, Script>();

  /** @returns the script's file name, as it appears in stacks. */
  add(count: number, script: Script): string {
    const name = `cell-${String(count)}.ts`;
    this.scripts.set(name, script);
    return name;
  }

  isCell(file: string | null | undefined): file is string {
    return typeof file === "string" && this.scripts.has(file);
  }

  code(file: string): string {
    return this.scripts.get(file)?.code ?? "";
  }

  /** @returns undefined for code that the compiler added. */
  place(file: string, line: number, column: number): Place | undefined {
    const script = this.scripts.get(file);
    if (!script || line > script.lines) return undefined;
    let at = { line: line - 1, column: column - 1 };
    for (const stage of script.stages) {
      const entry = new SourceMap(stage).findEntry(at.line, at.column);
      if (!("originalLine" in entry)) return undefined;
      at = { line: entry.originalLine, column: entry.originalColumn };
    }
    return at.line < PREFIX_LINES
      ? undefined
      : { line: at.line - PREFIX_LINES + 1, column: at.column + 1 };
  }
}

/** The number in brackets of the cell with this file name. */
export function cellNumber(file: string): number | undefined {
  const match = NAME.exec(file);
  return match ? Number(match[1]) : undefined;
}
