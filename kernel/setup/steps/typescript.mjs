// @ts-check
import { existsSync } from "node:fs";
import { join } from "node:path";

import { course } from "../course.mjs";
import { fingerprint, fingerprintFiles, readJson } from "../files.mjs";
import { SetupProblem } from "../problem.mjs";
import { run } from "../run.mjs";

/**
 * The library and the kernel, compiled to JavaScript and type declarations.
 * @returns {import("../steps.mjs").Step}
 */
export function compiledTypeScript() {
  const sources = ["lib", "kernel", "tsconfig.base.json"].map((name) => join(course.root, name));
  /** @param {string} name */
  const isSource = (name) => !["dist", "setup", "node_modules"].includes(name);
  return {
    name: "TypeScript",
    id: "typescript",
    megabytes: 10,
    key: () => fingerprint(fingerprintFiles(sources, isSource), tscVersion()),
    isInPlace: () =>
      existsSync(course.kernelMain) && existsSync(join(course.root, "lib", "dist", "index.js")),
    async make(progress, interrupted) {
      const wanted = readJson(join(course.root, "package.json"))?.devDependencies?.typescript;
      if (tscVersion() !== wanted) {
        const what = `TypeScript ${wanted} is needed; node_modules holds ${tscVersion()}.`;
        throw new SetupProblem(what, "remove node_modules and run the command again.");
      }
      const projects = ["lib", "kernel"].map((name) => join(course.root, name));
      await run(
        {
          name: "typescript",
          // After a kill a file may be half written: compile all of them again.
          command: [
            process.execPath,
            ...[course.tsc, "-b", ...projects],
            ...(interrupted ? ["--force"] : []),
          ],
          failed: "The TypeScript could not be compiled",
          fix: "put the errors below right; in a fresh clone, report them.",
        },
        progress,
      );
      return `TypeScript ${wanted}`;
    },
  };
}

/** @returns {string | undefined} of the compiler in node_modules, not tslab's own */
export function tscVersion() {
  return readJson(join(course.modules, "typescript", "package.json"))?.version;
}
