import * as ts from "@tslab/typescript-for-tslab";

import { mendChecker } from "./shorthand";

/** Parts of TypeScript that are there but not in its declarations. */
interface Internals {
  bindSourceFile(file: ts.SourceFile, options: ts.CompilerOptions): void;
}

interface ResolvedModules {
  readonly resolvedModules?: ReadonlyMap<string, { readonly resolvedModule?: ts.ResolvedModule }>;
}

type Builder = ts.EmitAndSemanticDiagnosticsBuilderProgram;

/**
 * Makes the programs of tslab's watch without TypeScript's own bookkeeping, which traces the imports
 * of every file of every package for each cell: after an import of TensorFlow that is most of the time.
 */
export const createBuilder: ts.CreateProgram<Builder> = (...args) => {
  const builder = ts.createAbstractBuilder(...args);
  const program = builder.getProgram();
  // tslab reads the names that a cell declares from here, before anything is checked.
  for (const name of program.getRootFileNames()) {
    const file = program.getSourceFile(name);
    if (file) {
      (ts as unknown as Internals).bindSourceFile(file, program.getCompilerOptions());
    }
  }
  let checker: ts.TypeChecker | undefined;
  const getTypeChecker = program.getTypeChecker.bind(program);
  program.getTypeChecker = () => (checker ??= mendChecker(getTypeChecker()));
  builder.getAllDependencies = (file) => sourcesFrom(program, file);
  return builder as Builder;
};

/** Names of the source files that `file` imports, directly or not, and its own. */
function sourcesFrom(program: ts.Program, file: ts.SourceFile): string[] {
  const found = new Set([file.fileName]);
  for (const name of found) {
    const source = program.getSourceFile(name) as ResolvedModules | undefined;
    source?.resolvedModules?.forEach(({ resolvedModule }) => {
      const imported = program.getSourceFile(resolvedModule?.resolvedFileName ?? "");
      // Declarations are not compiled, and what they import is declarations too.
      if (imported && !imported.isDeclarationFile) found.add(imported.fileName);
    });
  }
  return [...found];
}
