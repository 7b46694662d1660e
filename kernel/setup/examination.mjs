// @ts-check
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";

import { course, sitePackages } from "./course.mjs";
import { readJson } from "./files.mjs";
import { findCompiler, findNpm, findPython } from "./machine.mjs";
import { SetupProblem } from "./problem.mjs";
import { ask } from "./run.mjs";
import { areInstalled, kernelspec } from "./steps/jupyter-files.mjs";
import { loadAddon } from "./steps/native-engine.mjs";
import { isTreeWhole } from "./steps/node-packages.mjs";

/**
 * One thing looked at.
 * @typedef {object} Finding
 * @property {string} name
 * @property {"ok" | "broken" | "absent"} state `absent`: not there, and not needed
 * @property {string} value a version, a path, a reason
 * @property {string} [fix] what to do, if it is broken
 */

const SET_UP = "run `npm run setup`";

/**
 * `npm run doctor`: prints the findings; exit code 1 if something that is needed is broken.
 * @param {string[]} args `--json` prints one JSON object
 */
export async function main(args) {
  const findings = examine();
  const healthy = findings.every(({ state }) => state !== "broken");
  if (args.includes("--json")) {
    process.stdout.write(`${JSON.stringify({ healthy, findings }, null, 2)}\n`);
  } else {
    for (const { name, state, value, fix } of findings) {
      const mark = { ok: "✓", broken: "✗", absent: "–" }[state];
      process.stdout.write(`${mark} ${name.padEnd(18)} ${value}\n`);
      if (fix !== undefined) process.stdout.write(`  ${"".padEnd(18)} Fix: ${fix}\n`);
    }
    process.stdout.write(healthy ? "\nAll well.\n" : "\nSomething is broken; see the fixes.\n");
  }
  process.exitCode = healthy ? 0 : 1;
}

/** @returns {Finding[]} */
function examine() {
  return [
    found("Node", process.versions.node),
    tool("npm", () => versionOf(findNpm())),
    tool("Python", () => {
      const { version, program } = findPython();
      return `${version} (${program})`;
    }),
    tool("C++ compiler", () => findCompiler().version),
    isTreeWhole()
      ? found("Node packages", course.modules)
      : broken("Node packages", "node_modules differs from package-lock.json"),
    nodePackage("TypeScript", "typescript"),
    nodePackage("tslab", "tslab"),
    nodePackage("tfjs", "@tensorflow/tfjs-node-gpu"),
    ...examineEngine(),
    ...examineJupyter(),
    ...examineData(),
  ];
}

/** @returns {Finding[]} device, libtensorflow, addon, and the engine as a notebook gets it */
function examineEngine() {
  const note = readJson(course.engineNote);
  const chosen =
    note === undefined
      ? broken("Device", "not chosen yet")
      : found("Device", `${note.device}, ${note.name}: ${note.reason}`);
  const library =
    note !== undefined && existsSync(note.libtensorflow)
      ? found("libtensorflow", `${note.tensorflow}, ${note.libtensorflow}`)
      : broken("libtensorflow", `missing: ${note?.libtensorflow ?? "no engine.json"}`);
  const version = existsSync(course.addon) ? loadAddon(course.addon) : undefined;
  const addon =
    version === undefined
      ? broken(
          "Addon",
          `${existsSync(course.addon) ? "does not load" : "missing"}: ${course.addon}`,
        )
      : found("Addon", `loads TensorFlow ${version}, ${course.addon}`);
  return [chosen, library, addon, examineLibrary()];
}

/** @returns {Finding} the compiled library computing one sum */
function examineLibrary() {
  const program = `const engine = require(process.argv[1] + "/engine");
    const { tf } = require(process.argv[1] + "/engine/tf");
    const { device, threads } = engine.deviceReport();
    if (tf.tensor([1, 2]).sum().dataSync()[0] !== 3) process.exit(1);
    console.log("computes on " + device + ", " + (threads === 0 ? "all cores" : threads + " threads"));`;
  const answer = ask(process.execPath, ["-e", program, join(course.root, "lib", "dist")], 60_000);
  return answer === undefined
    ? broken("Library", "lib/dist does not load or does not compute")
    : found("Library", answer);
}

/** @returns {Finding[]} */
function examineJupyter() {
  const facts =
    "import jupyterlab, sys; print(jupyterlab.__version__, 'on Python', sys.version.split()[0])";
  const lab = ask(course.pythonExe, ["-c", facts]);
  const installed = readJson(join(course.kernelspec, "kernel.json"));
  const { argv } = kernelspec();
  const isOurs = JSON.stringify(installed?.argv) === JSON.stringify(argv);
  return [
    lab === undefined ? broken("JupyterLab", "does not load") : found("JupyterLab", lab),
    isOurs
      ? found("Kernelspec", course.kernelspec)
      : broken("Kernelspec", `missing or of another folder: ${course.kernelspec}`),
    areInstalled()
      ? found("JupyterLab files", course.jupyterShare)
      : broken("JupyterLab files", `incomplete: ${course.jupyterShare}`),
    existsSync(course.kernelMain)
      ? found("Kernel", course.kernelMain)
      : broken("Kernel", `not compiled: ${course.kernelMain}`),
  ];
}

/** @returns {Finding[]} */
function examineData() {
  const digits = join(sitePackages() ?? "", "sklearn", "datasets", "data", "digits.csv.gz");
  const folders = [
    process.env["LATENTLAB_DATA"],
    join(course.root, "datasets", "cache"),
    join(course.root, "..", "shared", "data"),
  ];
  const mnist = folders
    .filter((folder) => folder !== undefined)
    .flatMap((folder) => [join(folder, "mnist"), folder])
    .find((folder) => existsSync(folder) && readdirSync(folder).some((name) => /idx3/.test(name)));
  return [
    existsSync(digits) ? found("Digits 8x8", digits) : broken("Digits 8x8", `missing: ${digits}`),
    mnist === undefined
      ? { name: "MNIST", state: "absent", value: "not found; it is downloaded when first needed" }
      : found("MNIST", mnist),
  ];
}

/**
 * @param {string} name
 * @param {string} value
 * @returns {Finding}
 */
function found(name, value) {
  return { name, state: "ok", value };
}

/**
 * @param {string} name
 * @param {string} value
 * @param {string} [fix]
 * @returns {Finding}
 */
function broken(name, value, fix = SET_UP) {
  return { name, state: "broken", value, fix };
}

/**
 * @param {string} name
 * @param {() => string} look throws a SetupProblem if it is not there
 * @returns {Finding}
 */
function tool(name, look) {
  try {
    return found(name, look());
  } catch (error) {
    if (error instanceof SetupProblem) return broken(name, error.message, error.fix);
    throw error;
  }
}

/** @param {readonly [string, ...string[]]} command */
function versionOf([program, ...args]) {
  return ask(program, [...args, "--version"]) ?? "unknown";
}

/**
 * @param {string} name
 * @param {string} packageName
 * @returns {Finding}
 */
function nodePackage(name, packageName) {
  const version = readJson(join(course.modules, packageName, "package.json"))?.version;
  return version === undefined ? broken(name, "not installed") : found(name, version);
}
