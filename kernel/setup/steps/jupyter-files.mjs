// @ts-check
import { copyFileSync, cpSync, existsSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";

import { course } from "../course.mjs";
import { fingerprint, fingerprintFiles, readJson, replaceFolder, writeAtomic } from "../files.mjs";

const KERNELSPEC = join(course.root, "kernel", "kernelspec");
const EXTENSION = join(course.root, "kernel", "labextension");
const PLOTLY = join(course.modules, "plotly.js-dist", "plotly.js");
/** Jupyter finds an extension's files by the name in its package.json. */
const EXTENSION_PLACE = join("labextensions", "@latentlab", "plotly");

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
  const sources = [KERNELSPEC, EXTENSION, PLOTLY];
  return {
    name: "Jupyter kernel",
    id: "jupyter-files",
    megabytes: 10,
    key: () => fingerprint(fingerprintFiles(sources), EXTENSION_PLACE, kernelspec(), PAGE_CONFIG),
    isInPlace: () => areInstalled() && existsSync(course.pageConfig),
    async make() {
      installJupyterFiles(course.jupyterShare);
      writeAtomic(course.pageConfig, `${JSON.stringify(PAGE_CONFIG, null, 2)}\n`);
      return kernelspec().display_name;
    },
  };
}

/** Whether Jupyter has our kernelspec and extension. */
export function areInstalled() {
  const files = [
    join("kernels", "latentlab", "kernel.json"),
    join(EXTENSION_PLACE, "package.json"),
  ];
  return files.every((file) => existsSync(join(course.jupyterShare, file)));
}

/**
 * Our kernelspec and the JupyterLab extension that draws figures.
 * @param {string} share a folder on Jupyter's search path
 */
export function installJupyterFiles(share) {
  const spec = join(share, "kernels", "latentlab");
  replaceBy(spec, (partial) => {
    if (existsSync(KERNELSPEC)) cpSync(KERNELSPEC, partial, { recursive: true });
    writeAtomic(join(partial, "kernel.json"), `${JSON.stringify(kernelspec(), null, 2)}\n`);
  });
  replaceBy(join(share, EXTENSION_PLACE), (partial) => {
    const { jupyterlab, ...description } = readJson(join(EXTENSION, "package.json"));
    // Browsers keep these files for a year: another version needs another address.
    const version = fingerprintFiles([EXTENSION, PLOTLY]).slice(0, 16);
    const served = join(partial, "static", version);
    mkdirSync(served, { recursive: true });
    copyFileSync(join(EXTENSION, "remote-entry.js"), join(served, "remote-entry.js"));
    copyFileSync(PLOTLY, join(served, "plotly.js"));
    const _build = { load: `static/${version}/remote-entry.js`, ...jupyterlab };
    const manifest = { ...description, jupyterlab: { ...jupyterlab, _build } };
    writeAtomic(join(partial, "package.json"), `${JSON.stringify(manifest, null, 2)}\n`);
  });
}

/**
 * @param {string} place
 * @param {(partial: string) => void} make fills a new folder, which then takes the place
 */
function replaceBy(place, make) {
  const partial = `${place}.partial`;
  rmSync(partial, { recursive: true, force: true });
  mkdirSync(partial, { recursive: true });
  make(partial);
  replaceFolder(partial, place);
}
