/**
 * Make the notebooks from their sources: `npm run notebooks`.
 *   --check   write nothing; fail if a notebook is not what its source gives (CI)
 *   --force   overwrite notebooks that hold a learner's edits
 */
import { parseArgs } from "node:util";

import { buildNotebooks, findDrift, typecheckNotebooks, writeNotebooks } from "./notebooks/build";
import { Library } from "./notebooks/library";
import { SourceError } from "./notebooks/source-error";

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: { check: { type: "boolean" }, force: { type: "boolean" } },
  });
  const root = process.cwd();
  const library = new Library(root);
  const notebooks = await buildNotebooks(root, (path, where) => library.exercise(path, where));
  const errors = typecheckNotebooks(root, notebooks);
  if (errors.length > 0) return complain(errors);
  const problems = values.check
    ? findDrift(root, notebooks).map((line) => `${line}; run: npm run notebooks`)
    : writeNotebooks(root, notebooks, values.force ?? false);
  if (problems.length > 0) return complain(problems);
  console.log(
    `${notebooks.length} notebooks ${values.check ? "are" : "made"} as their sources say`,
  );
  return 0;
}

function complain(lines: readonly string[]): number {
  for (const line of lines) console.error(line);
  return 1;
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    console.error(error instanceof SourceError ? error.message : error);
    process.exitCode = 1;
  },
);
