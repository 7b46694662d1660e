import { copyFileSync, cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";

import { pythonEnvironment, run } from "../python-environment";
import { brokenLinks } from "./links";
import { type BookNotebook, forBook } from "./page";

/** What pages need beside themselves, so that they can be read without a network. */
const SCRIPTS = [
  "node_modules/plotly.js-dist/plotly.js",
  "node_modules/mathjax/es5/tex-svg.js",
  "kernel/nbconvert/latentlab/static/figures.js",
];

/**
 * Build the static site of executed notebooks.
 *
 * @param folder executed notebooks are in its `notebooks`; the site comes to its `site`
 * @returns broken links
 * @throws Error if Sphinx finds something to warn of
 */
export async function buildBook(names: readonly string[], folder: string): Promise<string[]> {
  const bin = await pythonEnvironment("book");
  const [source, site] = [join(folder, "source"), join(folder, "site")];
  for (const path of [source, site]) rmSync(path, { recursive: true, force: true });
  writeSource(names, folder, source);
  const strict = ["-n", "-W", "--keep-going", "-q"];
  const options = ["-b", "html", ...strict, "-d", join(folder, "doctrees")];
  await run(join(bin, "python"), ["-m", "sphinx", ...options, source, site], { isQuiet: true });
  return brokenLinks(site);
}

function writeSource(names: readonly string[], folder: string, source: string): void {
  cpSync("book", source, { recursive: true });
  mkdirSync(join(source, "static"), { recursive: true });
  for (const path of SCRIPTS) copyFileSync(path, join(source, "static", basename(path)));
  for (const name of names) {
    const file = resolve(folder, "notebooks", `${name}.ipynb`);
    const notebook = JSON.parse(readFileSync(file, "utf8")) as BookNotebook;
    writeFileSync(join(source, `${name}.ipynb`), JSON.stringify(forBook(notebook)));
  }
  const index = readFileSync(join(source, "index.md"), "utf8");
  writeFileSync(join(source, "index.md"), index.replace("NOTEBOOKS", names.join("\n")));
}
