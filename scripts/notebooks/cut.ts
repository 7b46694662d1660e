import ts from "typescript";

import type { Library } from "./library";
import { SourceError } from "./source-error";

type Edit = { readonly start: number; readonly end: number; readonly text: string };

/** What one exercise takes out of a source file: its text, and what that text needs. */
export class Cut {
  /** Names that the text takes from the package. */
  readonly imports = new Set<string>();
  /** Private declarations of the file that the text uses, in the order in which they are needed. */
  readonly dependencies = new Map<ts.Statement, string>();

  constructor(
    private readonly library: Library,
    private readonly source: ts.SourceFile,
    private readonly where: string,
  ) {}

  /** A statement's text up to `end`, docstring included, with names as a cell reaches them. */
  take(statement: ts.Statement, end = statement.getEnd()): string {
    const edits: Edit[] = [];
    const visit = (node: ts.Node): void => {
      if (ts.isIdentifier(node)) edits.push(...this.rename(node, statement));
      else if (node.kind === ts.SyntaxKind.ExportKeyword) {
        edits.push({ start: node.getStart(this.source), end: node.getEnd() + 1, text: "" });
      }
      ts.forEachChild(node, visit);
    };
    visit(statement);
    let text = this.source.text.slice(0, end);
    for (const edit of edits.filter((one) => one.end <= end).reverse()) {
      text = text.slice(0, edit.start) + edit.text + text.slice(edit.end);
    }
    return text.slice(statement.getStart(this.source, true));
  }

  private rename(node: ts.Identifier, inside: ts.Statement): Edit[] {
    const resolved = this.library.resolve(node);
    if (resolved === undefined) return [];
    const { symbol, isImported } = resolved;
    const local = isImported ? undefined : topLevelStatement(symbol, this.source);
    if (local === inside || (local === undefined && !isImported)) return [];
    const name = this.library.publicName(symbol);
    if (name === undefined) {
      if (local === undefined) {
        const message = `this exercise uses ${node.text}, which the package does not export`;
        throw new SourceError(this.where, message);
      }
      this.takeHelper(local);
      return [];
    }
    this.imports.add(name.split(".")[0] as string);
    const text = ts.isShorthandPropertyAssignment(node.parent) ? `${node.text}: ${name}` : name;
    return [{ start: node.getStart(this.source), end: node.getEnd(), text }];
  }

  private takeHelper(statement: ts.Statement): void {
    if (this.dependencies.has(statement)) return;
    this.dependencies.set(statement, ""); // so that a recursive function does not ask for itself
    const text = this.take(statement);
    this.dependencies.delete(statement); // what it needs itself now stands above it
    this.dependencies.set(statement, text);
  }
}

/** The statement of `source` that declares `symbol` at its top level, if there is one. */
function topLevelStatement(symbol: ts.Symbol, source: ts.SourceFile): ts.Statement | undefined {
  for (const declaration of symbol.declarations ?? []) {
    const statement = ts.isVariableDeclaration(declaration)
      ? declaration.parent.parent
      : declaration;
    if (statement.parent === source && ts.isStatement(statement)) return statement;
  }
  return undefined;
}
