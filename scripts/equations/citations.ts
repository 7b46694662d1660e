import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";

import ts from "typescript";

import { parsePercent } from "../notebooks/percent";

/** One place that names an equation. */
export interface Citation {
  /** As written: it may be an id that nobody knows. */
  readonly id: string;
  /** `file:line` */
  readonly where: string;
  /** A function's name, a test's title, a cell's first words. */
  readonly what: string;
}

const ID = /[A-Z]+\.[A-Z]?\d+/;

/** Library functions, by the `@eq R.3` tags of their docstrings. */
export function citedByFunctions(root: string): Citation[] {
  return filesUnder(root, "lib", ".ts").flatMap((file) =>
    visitFile(root, file, (node, where) => {
      const tags = ts.getJSDocTags(node).filter((tag) => tag.tagName.text === "eq");
      return tags
        .filter((tag) => tag.parent.parent === node)
        .map((tag) => {
          const [id = ""] = String(ts.getTextOfJSDocComment(tag.comment) ?? "").split(/\s/);
          return { id, where, what: nameOf(node) };
        });
    }),
  );
}

/** Tests, by the ids that their titles start with: "R.3 …", or "R.1, R.3 …". */
export function citedByTests(root: string): Citation[] {
  return filesUnder(root, "test", ".test.ts").flatMap((file) =>
    visitFile(root, file, (node, where) => {
      if (!ts.isCallExpression(node) || !ts.isIdentifier(node.expression)) return [];
      const [title] = node.arguments;
      if (!["it", "describe"].includes(node.expression.text) || title === undefined) return [];
      const text = titleText(title);
      return leadingIds(text).map((id) => ({ id, where, what: text }));
    }),
  );
}

/** Notebook cells, by `\tag{R.3}` in their formulas. */
export function citedByCells(root: string): Citation[] {
  return notebookCells(root).flatMap(({ file, cell }) =>
    cell.text.split("\n").flatMap((line, i) =>
      [...line.matchAll(/\\tag\{([^}]*)\}/g)].map(([, id = ""]) => ({
        id,
        where: `${file}:${cell.textLine + i}`,
        what: (cell.text.split("\n", 1)[0] ?? "").replace(/^#+ /, ""),
      })),
    ),
  );
}

/** What notebooks claim to teach: `equations="R.1 R.2"` on a cell, by custom the first. */
export function claimedByNotebooks(root: string): Citation[] {
  return notebookCells(root).flatMap(({ file, cell }) =>
    (cell.attributes["equations"] ?? "")
      .split(/\s+/)
      .filter((id) => id !== "")
      .map((id) => ({ id, where: `${file}:${cell.line}`, what: file })),
  );
}

function leadingIds(title: string): string[] {
  const head = new RegExp(`^(?:${ID.source}(?:, | and )?)+(?=\\s|:|$)`).exec(title)?.[0] ?? "";
  return head.match(new RegExp(ID.source, "g")) ?? [];
}

function titleText(node: ts.Expression): string {
  if (ts.isStringLiteralLike(node)) return node.text;
  return ts.isTemplateExpression(node) ? `${node.head.text}…` : "";
}

function notebookCells(root: string): { file: string; cell: ReturnType<typeof parsePercent>[0] }[] {
  return filesUnder(root, "notebooks/src", ".nb.ts").flatMap((file) =>
    parsePercent(file, readFileSync(join(root, file), "utf8")).map((cell) => ({ file, cell })),
  );
}

function nameOf(node: ts.Node): string {
  if (ts.isVariableStatement(node)) return nameOf(node.declarationList.declarations[0] ?? node);
  const { name } = node as { name?: ts.Node };
  return name !== undefined && ts.isIdentifier(name) ? name.text : "(without a name)";
}

function visitFile(
  root: string,
  file: string,
  find: (node: ts.Node, where: string) => Citation[],
): Citation[] {
  const text = readFileSync(join(root, file), "utf8");
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.ES2022, true);
  const found: Citation[] = [];
  const visit = (node: ts.Node): void => {
    const { line } = source.getLineAndCharacterOfPosition(node.getStart(source));
    found.push(...find(node, `${file}:${line + 1}`));
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

/** Files whose name ends so, relative to the project, sorted; none if the folder is not there. */
function filesUnder(root: string, folder: string, ending: string): string[] {
  const skipped = /(^|\/)(dist|node_modules)\//;
  try {
    return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
      .map((name) => `${folder}/${name.replaceAll("\\", "/")}`)
      .filter((path) => path.endsWith(ending) && !path.endsWith(".d.ts") && !skipped.test(path))
      .sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}
