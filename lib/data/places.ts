import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";

import { DataMissingError } from "../core/errors";
import { courseFolder } from "../core/files";

/** Where a data set is looked for, in this order; `LATENTLAB_DATA` names a folder of data sets. */
export function dataFolders(dataset: string): string[] {
  const own = process.env["LATENTLAB_DATA"];
  const course = courseFolder();
  return [
    ...(own === undefined ? [] : [join(own, dataset), own]),
    ...(course === undefined ? [] : [join(course, "datasets", "cache", dataset)]),
    ...(course === undefined ? [] : [join(course, "..", "shared", "data", dataset)]),
  ];
}

/** `name` or `name.gz` in the first folder that has it; undefined if none does. */
export function findFile(folders: readonly string[], name: string): string | undefined {
  return folders
    .flatMap((folder) => [join(folder, name), join(folder, `${name}.gz`)])
    .find((path) => existsSync(path));
}

/**
 * A file of the course's own Python environment, e.g. `"sklearn/datasets/data/digits.csv.gz"`.
 *
 * @throws DataMissingError if the environment or the file is not there
 */
export function pythonPackageFile(path: string): string {
  const environment = join(courseFolder() ?? ".", ".latentlab", "python", "lib");
  const versions = existsSync(environment) ? readdirSync(environment) : [];
  const found = versions
    .map((version) => join(environment, version, "site-packages", path))
    .find((candidate) => existsSync(candidate));
  if (found !== undefined) return found;
  throw new DataMissingError(
    `${path} is not in the course's Python environment (${environment}).`,
    "Run `npm run setup` in the course folder.",
  );
}
