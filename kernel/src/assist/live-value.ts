import * as ts from "@tslab/typescript-for-tslab";

import { textOf } from "../output/bundle";

type Variables = Readonly<Record<string, unknown>>;

/** Parts of TypeScript that are there but not in its declarations. */
interface Bound {
  readonly locals?: ReadonlyMap<string, unknown>;
}

const DESCRIBE = Symbol.for("latentlab.describe");
const DESCRIBERS = Symbol.for("latentlab.describers");
const LONGEST_TEXT = 200;
const SHOWN_ENTRIES = 4;

/**
 * What the variable under the cursor holds now, in a line of text: a name that an earlier cell
 * declared, or a field reached from one by dots. No code of a cell runs for it: getters are not
 * called.
 *
 * @param position counted in UTF-16 units
 * @returns undefined where there is no such value, or nothing to say about it
 */
export function describeValueAt(
  code: string,
  position: number,
  variables: Variables,
): string | undefined {
  const file = ts.createSourceFile("cell.ts", code, ts.ScriptTarget.ESNext, true);
  const name = identifierAt(file, position);
  return name && describe(valueOf(name, variables));
}

function identifierAt(file: ts.SourceFile, position: number): ts.Identifier | undefined {
  const find = (node: ts.Node): ts.Identifier | undefined => {
    if (position < node.getStart(file) || position > node.end) return undefined;
    return ts.isIdentifier(node) ? node : ts.forEachChild(node, find);
  };
  return find(file);
}

function valueOf(node: ts.Expression, variables: Variables): unknown {
  if (ts.isPropertyAccessExpression(node)) {
    return field(valueOf(node.expression, variables), node.name.text);
  }
  if (!ts.isIdentifier(node)) return undefined;
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent) && parent.name === node) {
    return valueOf(parent, variables);
  }
  return isOfCells(node) ? field(variables, node.text) : undefined;
}

/** The name means a variable of the notebook: no function or block around it has its own. */
function isOfCells(name: ts.Identifier): boolean {
  bindNames(name.getSourceFile());
  for (let node: ts.Node = name.parent; !ts.isSourceFile(node); node = node.parent) {
    if ((node as Bound).locals?.has(name.text)) return false;
  }
  return true;
}

function bindNames(file: ts.SourceFile): void {
  const { bindSourceFile } = ts as unknown as {
    bindSourceFile(file: ts.SourceFile, options: ts.CompilerOptions): void;
  };
  bindSourceFile(file, {});
}

/** A field that holds a value, of the object or of a prototype. */
function field(owner: unknown, name: string): unknown {
  if ((typeof owner !== "object" && typeof owner !== "function") || owner === null)
    return undefined;
  for (
    let at: object | null = owner;
    at !== null;
    at = Object.getPrototypeOf(at) as object | null
  ) {
    const found = Object.getOwnPropertyDescriptor(at, name);
    // tslab keeps the variables of cells behind getters of its own.
    if (found) return "value" in found ? (found.value as unknown) : undefined;
  }
  return undefined;
}

/** In the object's own words, in those of the library that knows its kind, or as short text. */
function describe(value: unknown, isInner = false): string | undefined {
  if (value === undefined || typeof value === "function") return undefined;
  try {
    const words = ownWords(value) ?? libraryWords(value);
    return words ?? (isInner ? undefined : inside(value)) ?? plainWords(value);
  } catch {
    return undefined;
  }
}

/** A list or record of things that have words of their own. */
function inside(value: unknown): string | undefined {
  const isList = Array.isArray(value);
  const isRecord = Object.prototype.toString.call(value) === "[object Object]" && !isList;
  if (!isList && !isRecord) return undefined;
  const entries = Object.entries(value as object);
  if (!entries.some(([, inner]) => ownWords(inner) ?? libraryWords(inner))) return undefined;
  const shown = entries.slice(0, SHOWN_ENTRIES).map(([name, inner]) => {
    const words = describe(inner, true) ?? typeof inner;
    return isList ? words : `${name}: ${words}`;
  });
  const rest = entries.length > SHOWN_ENTRIES ? ["…"] : [];
  const [open, close] = isList ? `[]` : "{}";
  return `${open} ${[...shown, ...rest].join("; ")} ${close}`;
}

function ownWords(value: unknown): string | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const words = (value as { [DESCRIBE]?: unknown })[DESCRIBE];
  return typeof words === "function" ? String(words.call(value)) : undefined;
}

function libraryWords(value: unknown): string | undefined {
  const describers = (globalThis as Record<symbol, unknown>)[DESCRIBERS];
  if (!Array.isArray(describers)) return undefined;
  for (const describer of describers as ((value: unknown) => string | undefined)[]) {
    const words = describer(value);
    if (words !== undefined) return words;
  }
  return undefined;
}

function plainWords(value: unknown): string {
  const text = textOf(value).replaceAll(/\s+/g, " ");
  return text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT)} …` : text;
}
