// @ts-check
import { copyFileSync, cpSync, existsSync, mkdirSync, rmSync } from "node:fs";
import { basename, join } from "node:path";

import { course } from "../course.mjs";
import { fingerprint, fingerprintFiles, readJson, replaceFolder, writeAtomic } from "../files.mjs";

const KERNELSPEC = join(course.root, "kernel", "kernelspec");
const EXTENSIONS = join(course.root, "kernel", "labextension");
const HTML_TEMPLATE = join(course.root, "kernel", "nbconvert", "latentlab");
const PLOTLY = join(course.modules, "plotly.js-dist", "plotly.js");
/** Jupyter finds an extension's files by the name in its package.json. */
const EXTENSIONS_PLACE = join("labextensions", "@latentlab");
/** Our extensions, and what each serves besides its own code. */
const SERVED = { plotly: [PLOTLY], pages: [] };
const HTML_TEMPLATE_PLACE = join("nbconvert", "templates", "latentlab");

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

/** An exported notebook keeps its interactive figures. */
const EXPORT_CONFIG = { HTMLExporter: { template_name: "latentlab" } };

/**
 * Our kernel and JupyterLab extension, installed inside the Python environment only.
 * @returns {import("../steps.mjs").Step}
 */
export function jupyterFiles() {
  const sources = [KERNELSPEC, EXTENSIONS, HTML_TEMPLATE, PLOTLY];
  const settings = [
    { file: course.pageConfig, content: PAGE_CONFIG },
    ...course.exportConfigs.map((file) => ({ file, content: EXPORT_CONFIG })),
  ];
  return {
    name: "Jupyter kernel",
    id: "jupyter-files",
    megabytes: 10,
    key: () => fingerprint(fingerprintFiles(sources), EXTENSIONS_PLACE, kernelspec(), settings),
    isInPlace: () => areInstalled() && settings.every(({ file }) => existsSync(file)),
    async make() {
      installJupyterFiles(course.jupyterShare);
      for (const { file, content } of settings) {
        writeAtomic(file, `${JSON.stringify(content, null, 2)}\n`);
      }
      return kernelspec().display_name;
    },
  };
}

/** Whether Jupyter has our kernelspec, extensions and template. */
export function areInstalled() {
  const files = [
    join("kernels", "latentlab", "kernel.json"),
    ...Object.keys(SERVED).map((name) => join(EXTENSIONS_PLACE, name, "package.json")),
    join(HTML_TEMPLATE_PLACE, "conf.json"),
  ];
  return files.every((file) => existsSync(join(course.jupyterShare, file)));
}

/**
 * Our kernelspec, the JupyterLab extensions that draw figures and show pages, and the template that
 * keeps figures interactive in notebooks exported as HTML.
 * @param {string} share a folder on Jupyter's search path
 */
export function installJupyterFiles(share) {
  const spec = join(share, "kernels", "latentlab");
  replaceBy(spec, (partial) => {
    if (existsSync(KERNELSPEC)) cpSync(KERNELSPEC, partial, { recursive: true });
    writeAtomic(join(partial, "kernel.json"), `${JSON.stringify(kernelspec(), null, 2)}\n`);
  });
  for (const [name, files] of Object.entries(SERVED)) {
    replaceBy(join(share, EXTENSIONS_PLACE, name), (partial) => {
      installExtension(join(EXTENSIONS, name), files, partial);
    });
  }
  replaceBy(join(share, HTML_TEMPLATE_PLACE), (partial) => {
    cpSync(HTML_TEMPLATE, partial, { recursive: true });
    copyFileSync(PLOTLY, join(partial, "static", "plotly.js"));
  });
}

/**
 * @param {string} source
 * @param {readonly string[]} files that it serves besides its own
 * @param {string} place
 */
function installExtension(source, files, place) {
  const { jupyterlab, ...description } = readJson(join(source, "package.json"));
  const entry = join(source, "remote-entry.js");
  // Browsers keep these files for a year: another version needs another address.
  const version = fingerprintFiles([source, ...files]).slice(0, 16);
  const served = join(place, "static", version);
  mkdirSync(served, { recursive: true });
  for (const file of [entry, ...files]) copyFileSync(file, join(served, basename(file)));
  const _build = { load: `static/${version}/remote-entry.js`, ...jupyterlab };
  const manifest = { ...description, jupyterlab: { ...jupyterlab, _build } };
  writeAtomic(join(place, "package.json"), `${JSON.stringify(manifest, null, 2)}\n`);
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
