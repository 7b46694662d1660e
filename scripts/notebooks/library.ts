import { join, relative } from "node:path";

import ts from "typescript";

import { Cut } from "./cut";
import { SourceError } from "./source-error";

/** A library function as the text of a notebook cell. */
export interface Exercise {
  readonly name: string;
  /** Names that the cell takes from the package, e.g. `["core", "tf"]`. */
  readonly imports: readonly string[];
  /** The whole function, with the private functions and constants it uses above it. */
  readonly solution: string;
  /** The same up to the body, which is the learner's. */
  readonly signature: string;
}

/**
 * The library's source, from which exercises are cut. Inside the library a function imports its
 * neighbours one by one; in a cell the same names are reached through the package's namespaces,
 * so `assertShape(…)` becomes `core.assertShape(…)`.
 */
export class Library {
  private readonly program: ts.Program;
  private readonly checker: ts.TypeChecker;
  /** Every exported symbol by the name under which the package offers it. */
  private readonly publicNames = new Map<ts.Symbol, string>();

  /** @param root the project's folder; the package's sources are in its `lib` */
  constructor(private readonly root: string) {
    const config = join(root, "lib", "tsconfig.json");
    const { config: json } = ts.readConfigFile(config, (path) => ts.sys.readFile(path));
    const { options, fileNames } = ts.parseJsonConfigFileContent(json, ts.sys, join(root, "lib"));
    this.program = ts.createProgram(fileNames, options);
    this.checker = this.program.getTypeChecker();
    this.readIndex();
  }

  /**
   * @param path e.g. "lib/objectives/elbo.ts#elbo"
   * @throws SourceError if there is no such exported function
   */
  exercise(path: string, where: string): Exercise {
    const [file = "", name = ""] = path.split("#");
    const source = this.program.getSourceFile(join(this.root, file));
    if (source === undefined) throw new SourceError(where, `there is no file ${file}`);
    const declaration = source.statements.find(
      (node): node is ts.FunctionDeclaration & { body: ts.Block } =>
        ts.isFunctionDeclaration(node) && node.name?.text === name && node.body !== undefined,
    );
    if (declaration === undefined) {
      throw new SourceError(where, `${file} declares no function "${name}"`);
    }
    const cut = new Cut(this, source, where);
    const whole = cut.take(declaration);
    const signature = cut.take(declaration, declaration.body.getStart(source)).trimEnd();
    const dependencies = [...cut.dependencies.values()];
    return {
      name,
      imports: [...cut.imports].sort(),
      solution: [...dependencies, whole].join("\n\n"),
      signature: [...dependencies, signature].join("\n\n"),
    };
  }

  /** What an identifier stands for, and whether its file imports it. */
  resolve(node: ts.Identifier): { symbol: ts.Symbol; isImported: boolean } | undefined {
    const found = ts.isShorthandPropertyAssignment(node.parent)
      ? this.checker.getShorthandAssignmentValueSymbol(node.parent)
      : this.checker.getSymbolAtLocation(node);
    if (found === undefined) return undefined;
    const here = node.getSourceFile();
    const isImported =
      (found.flags & ts.SymbolFlags.Alias) !== 0 &&
      (found.declarations ?? []).some((declaration) => declaration.getSourceFile() === here);
    return { symbol: this.unalias(found), isImported };
  }

  publicName(symbol: ts.Symbol): string | undefined {
    return this.publicNames.get(symbol);
  }

  isLibrarySymbol(symbol: ts.Symbol): boolean {
    const folder = join(this.root, "lib");
    return (symbol.declarations ?? []).some(
      (node) => !relative(folder, node.getSourceFile().fileName).startsWith(".."),
    );
  }

  private readIndex(): void {
    const index = this.program.getSourceFile(join(this.root, "lib", "index.ts"));
    const module = index && this.checker.getSymbolAtLocation(index);
    if (module === undefined)
      throw new SourceError("lib/index.ts", "is missing or exports nothing");
    const exported = this.checker.getExportsOfModule(module).map((symbol) => {
      return [symbol.name, this.unalias(symbol)] as const;
    });
    for (const [name, symbol] of exported) {
      const isNamespace = symbol.flags & ts.SymbolFlags.ValueModule && this.isLibrarySymbol(symbol);
      if (!isNamespace) continue;
      for (const member of this.checker.getExportsOfModule(symbol)) {
        this.publicNames.set(this.unalias(member), `${name}.${member.name}`);
      }
    }
    // Names of the package itself are the shorter way, so they come last and win.
    for (const [name, symbol] of exported) this.publicNames.set(symbol, name);
  }

  private unalias(symbol: ts.Symbol): ts.Symbol {
    return symbol.flags & ts.SymbolFlags.Alias ? this.checker.getAliasedSymbol(symbol) : symbol;
  }
}
