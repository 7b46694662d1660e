// @ts-check
import { cpSync, existsSync, mkdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";

import { course } from "../course.mjs";
import { fingerprint, fingerprintFiles, replaceFolder, writeAtomic } from "../files.mjs";

/** JupyterLab looks for an extension under the name in its package.json. */
const PLOTLY_EXTENSION = "labextensions/@latentlab/plotly";

/**
 * Folders and files that JupyterLab serves or reads: `from` in the course folder, `to` in the
 * environment's share/jupyter. In order: a later file may go into an earlier folder.
 */
const COPIED = [
  { from: "kernel/kernelspec", to: "kernels/latentlab" },
  { from: "kernel/labextension", to: PLOTLY_EXTENSION },
  { from: "node_modules/plotly.js-dist/plotly.js", to: `${PLOTLY_EXTENSION}/static/plotly.js` },
];

/** The text of kernel.json: our kernel on this very Node, so that another one on PATH changes nothing. */
export function kernelspec() {
  return {
    argv: [
      process.execPath,
      // Lets an interrupt leave asynchronous code at any point; see kernel/src.
      "--no-force-async-hooks-checks",
      course.kernelMain,
      "{connection_file}",
    ],
    display_name: "LatentLab (TypeScript)",
    language: "typescript",
    interrupt_mode: "message",
  };
}

/** JupyterLab's question about news is off: a course needs none, and none goes over the network. */
const PAGE_CONFIG = {
  disabledExtensions: { "@jupyterlab/apputils-extension:announcements": true },
};

/**
 * Our kernel and JupyterLab extension, installed inside the Python environment only.
 * @returns {import("../steps.mjs").Step}
 */
export function jupyterFiles() {
  const sources = COPIED.map(({ from }) => join(course.root, from));
  const kernelJson = join(course.kernelspec, "kernel.json");
  return {
    name: "Jupyter kernel",
    id: "jupyter-files",
    megabytes: 10,
    key: () => fingerprint(fingerprintFiles(sources), COPIED, kernelspec(), PAGE_CONFIG),
    isInPlace: () =>
      [kernelJson, course.pageConfig].every((path) => existsSync(path)) && areCopied(),
    async make() {
      for (const { from, to } of COPIED) {
        const source = join(course.root, from);
        if (existsSync(source)) copyWhole(source, join(course.jupyterShare, to));
      }
      writeAtomic(course.pageConfig, `${JSON.stringify(PAGE_CONFIG, null, 2)}\n`);
      writeAtomic(kernelJson, `${JSON.stringify(kernelspec(), null, 2)}\n`);
      return kernelspec().display_name;
    },
  };
}

/** Whether JupyterLab has all that there is to copy. */
export function areCopied() {
  return COPIED.every(
    ({ from, to }) =>
      !existsSync(join(course.root, from)) || existsSync(join(course.jupyterShare, to)),
  );
}

/**
 * @param {string} from
 * @param {string} to
 */
function copyWhole(from, to) {
  const partial = `${to}.partial`;
  rmSync(partial, { recursive: true, force: true });
  mkdirSync(dirname(to), { recursive: true });
  cpSync(from, partial, { recursive: true });
  replaceFolder(partial, to);
}
