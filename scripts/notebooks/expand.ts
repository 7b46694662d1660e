import { createHash } from "node:crypto";

import prettier from "prettier";
import ts from "typescript";

import { readHeader, withHeader } from "./header";
import { type NotebookCell, toLines } from "./ipynb";
import type { Exercise } from "./library";
import type { SourceCell } from "./percent";
import { SourceError } from "./source-error";

/** The notebook a learner works in, or the one with the answers. */
export type Variant = "exercise" | "solution";

/** A cell of one variant, and where its text stands in the source. */
export interface ExpandedCell {
  readonly kind: "markdown" | "code";
  readonly id: string;
  readonly text: string;
  /** The library function that this cell has a learner write. */
  readonly exercise?: string;
  /** Line of the source for line `i` of the text. */
  readonly sourceLine: (i: number) => number;
}

/** Looks an exercise up in the library. */
export type FindExercise = (path: string, where: string) => Exercise;

/**
 * The cells of one variant. An exercise cell's own text stands in for the function in the source
 * (`const { elbo } = objectives;`), so that the source runs as it is; here the function takes its
 * place.
 *
 * @throws SourceError
 */
export async function expand(
  file: string,
  cells: readonly SourceCell[],
  variant: Variant,
  find: FindExercise,
): Promise<ExpandedCell[]> {
  const ids = cellIds(file, cells);
  const header = readHeader(file, cells);
  const exercises = cells.filter(({ attributes }) => attributes["exercise"] !== undefined).length;
  const imported = new Set<string>();
  const expanded: ExpandedCell[] = [];
  for (const [i, cell] of cells.entries()) {
    const { kind, text, attributes, textLine, line } = cell;
    const id = ids[i] as string;
    const path = attributes["exercise"];
    if (kind === "markdown" || path === undefined) {
      if (kind === "code") for (const name of packageImports(text)) imported.add(name);
      const shown = i === 0 && header !== undefined ? withHeader(text, header, exercises) : text;
      expanded.push({ kind, id, text: shown, sourceLine: (k) => textLine + k });
      continue;
    }
    const exercise = find(path, `${file}:${line}`);
    const missing = exercise.imports.filter((name) => !imported.has(name));
    for (const name of missing) imported.add(name);
    const code = await exerciseText(exercise, missing, variant, attributes["hint"]);
    expanded.push({ kind, id, text: code, exercise: path, sourceLine: () => line });
  }
  return expanded;
}

/** As a cell of the file: no outputs, nothing that changes from build to build. */
export function toNotebookCell({ kind, id, text, exercise }: ExpandedCell): NotebookCell {
  const metadata = exercise === undefined ? {} : { latentlab: { exercise } };
  const cell = { cell_type: kind, id, metadata, source: toLines(text) };
  return kind === "code" ? { ...cell, execution_count: null, outputs: [] } : cell;
}

async function exerciseText(
  { name, solution, signature }: Exercise,
  imports: readonly string[],
  variant: Variant,
  hint: string | undefined,
): Promise<string> {
  const comment = hint === undefined ? "" : `// Hint: ${hint}\n`;
  const stub = `${signature} {\n${comment}throw new Error("TODO: ${name}");\n}`;
  const header =
    imports.length === 0 ? "" : `import { ${imports.join(", ")} } from "latentlab";\n\n`;
  const code = header + (variant === "solution" ? solution : stub);
  const formatted = await prettier.format(code, { parser: "typescript", printWidth: 100 });
  return formatted.trimEnd();
}

/** Names that a cell imports from the package. */
function packageImports(code: string): string[] {
  const { statements } = ts.createSourceFile("cell.ts", code, ts.ScriptTarget.ES2022);
  return statements.flatMap((statement) => {
    if (!ts.isImportDeclaration(statement)) return [];
    if ((statement.moduleSpecifier as ts.StringLiteral).text !== "latentlab") return [];
    const bindings = statement.importClause?.namedBindings;
    if (bindings === undefined || !ts.isNamedImports(bindings)) return [];
    return bindings.elements.map(({ name }) => name.text);
  });
}

/**
 * Ids that stay when other cells come or go: given by `id="…"`, or else the name of the exercise,
 * or else made from the cell's own text.
 */
function cellIds(file: string, cells: readonly SourceCell[]): string[] {
  const taken = new Set<string>();
  return cells.map(({ kind, text, attributes, line }) => {
    const given = attributes["id"] ?? attributes["exercise"]?.split("#")[1];
    const hash = createHash("sha256").update(`${kind}\n${text}`).digest("hex").slice(0, 8);
    let id = given ?? hash;
    for (let n = 2; given === undefined && taken.has(id); n++) id = `${hash}-${n}`;
    if (!/^[A-Za-z0-9_-]{1,64}$/.test(id) || taken.has(id)) {
      throw new SourceError(`${file}:${line}`, `cell id "${id}" is taken or not a plain word`);
    }
    taken.add(id);
    return id;
  });
}
