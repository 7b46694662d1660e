// @ts-check
import { readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The course folder: this file is in kernel/setup of it. */
const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const LOCAL = join(ROOT, ".latentlab");
const PYTHON = join(LOCAL, "python");
const TFJS = join(ROOT, "node_modules", "@tensorflow", "tfjs-node-gpu");

/** Where everything is. All that set-up makes is in node_modules, .latentlab and the dist folders. */
export const course = {
  root: ROOT,
  local: LOCAL,
  notebooks: join(ROOT, "notebooks"),
  setup: join(ROOT, "kernel", "setup"),
  modules: join(ROOT, "node_modules"),
  tsc: join(ROOT, "node_modules", "typescript", "lib", "tsc.js"),
  kernelMain: join(ROOT, "kernel", "dist", "main.js"),
  /** The Python environment. */
  python: PYTHON,
  pythonExe: join(PYTHON, "bin", "python"),
  jupyterShare: join(PYTHON, "share", "jupyter"),
  kernelspec: join(PYTHON, "share", "jupyter", "kernels", "latentlab"),
  pageConfig: join(PYTHON, "etc", "jupyter", "labconfig", "page_config.json"),
  /** Settings of nbconvert, by itself and inside the Jupyter server. */
  exportConfigs: ["jupyter_nbconvert_config.json", "jupyter_server_config.json"].map((file) =>
    join(PYTHON, "etc", "jupyter", file),
  ),
  /** The npm package whose addon is built here. */
  tfjs: TFJS,
  /** What is compiled into it besides its own sources. */
  nativeSources: join(ROOT, "lib", "engine", "native"),
  addon: join(TFJS, "lib", "napi-v8", "tfjs_binding.node"),
  engineNote: join(LOCAL, "engine.json"),
  stamps: join(LOCAL, "stamps"),
  logs: join(LOCAL, "logs"),
  /** Inside the project, since /tmp may be small or in memory and then moving is copying. */
  temp: join(LOCAL, "tmp"),
  lock: join(LOCAL, "setup.lock"),
  /** JupyterLab's own settings and runtime files, apart from those in the person's home folder. */
  jupyterHome: join(LOCAL, "jupyter"),
};

/** Environment of every Python that set-up starts. */
export function pythonEnvironment() {
  /** @type {NodeJS.ProcessEnv} */
  const environment = { ...process.env, PYTHONNOUSERSITE: "1" };
  // Either of these would send pip or Python to another environment than ours.
  delete environment["PYTHONHOME"];
  delete environment["PYTHONPATH"];
  delete environment["PIP_REQUIRE_VIRTUALENV"];
  return environment;
}

/** @returns {string | undefined} the environment's site-packages, if there is one */
export function sitePackages() {
  try {
    const lib = join(course.python, "lib");
    const version = readdirSync(lib).find((name) => /^python3\.\d+$/.test(name));
    return version === undefined ? undefined : join(lib, version, "site-packages");
  } catch {
    return undefined;
  }
}
