/** Make nbgrader's source of an assignment from a notebook: `npm run assignment -- 00`. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";

import { createAssignment } from "./notebooks/assignment";
import { buildNotebooks } from "./notebooks/build";
import { Library } from "./notebooks/library";

const USAGE = `npm run assignment -- 00 [--class FOLDER]   notebook 00 as source/00-start of a class`;

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    options: { class: { type: "string", default: join("classroom", "class") } },
    allowPositionals: true,
  });
  const root = process.cwd();
  const library = new Library(root);
  const built = await buildNotebooks(root, (path, where) => library.exercise(path, where));
  const [exercise, solution] = built.filter(({ path }) =>
    path.split("/")[1]?.startsWith(`${positionals[0]}-`),
  );
  if (positionals.length !== 1 || exercise === undefined || solution === undefined) {
    console.error(USAGE);
    return 2;
  }
  const name = exercise.path.slice("notebooks/".length, -".ipynb".length);
  const file = join(values.class, "source", name, `${name}.ipynb`);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, createAssignment(exercise, solution));
  console.log(file);
  return 0;
}

void main().then((code) => (process.exitCode = code));
