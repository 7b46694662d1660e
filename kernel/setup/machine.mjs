// @ts-check
import { statfsSync } from "node:fs";
import { availableParallelism } from "node:os";

import { course } from "./course.mjs";
import { SetupProblem } from "./problem.mjs";
import { ask } from "./run.mjs";

/**
 * What the machine offers.
 * @typedef {object} Machine
 * @property {readonly [string, ...string[]]} npm how to start npm
 * @property {Program} python
 * @property {Program} compiler
 * @property {DeviceChoice} choice
 *
 * @typedef {{ program: string, version: string }} Program
 *
 * @typedef {object} DeviceChoice which build of TensorFlow to use
 * @property {"cpu" | "gpu"} device
 * @property {string} reason
 * @property {string} name e.g. "NVIDIA RTX 4090" or "CPU, 2 threads"
 */

/**
 * Look at the machine.
 * @returns {Machine}
 * @throws {SetupProblem} if something that set-up needs is absent
 */
export function inspectMachine() {
  if (process.platform === "win32") {
    const what = "Windows itself has no TensorFlow library that the native engine can use.";
    throw new SetupProblem(what, "work in WSL 2 (Ubuntu), where everything here runs.");
  }
  if (course.root.includes(":")) {
    const what = `The course folder has a colon in its path, which Python refuses: ${course.root}`;
    throw new SetupProblem(what, "move it to a folder without one.");
  }
  return {
    npm: findNpm(),
    python: findPython(),
    compiler: findCompiler(),
    choice: chooseDevice(),
  };
}

/** @returns {readonly [string, ...string[]]} */
export function findNpm() {
  const running = process.env["npm_execpath"];
  if (running?.endsWith("npm-cli.js")) return [process.execPath, running];
  if (ask("npm", ["--version"]) !== undefined) return ["npm"];
  throw new SetupProblem("npm was not found.", "install Node with its npm (https://nodejs.org).");
}

const PYTHON_FACTS =
  "import sys, platform; print(sys.executable); print(platform.python_version())";

/** @returns {Program} */
export function findPython() {
  const forced = process.env["LATENTLAB_PYTHON"];
  const names = ["python3", "python3.13", "python3.12", "python3.11", "python3.10", "python"];
  /** @type {string[]} */
  const unfit = [];
  for (const name of forced === undefined ? names : [forced]) {
    const [program, version] = ask(name, ["-c", PYTHON_FACTS])?.split("\n") ?? [];
    if (!program || !version) continue;
    const [major, minor = 0] = version.split(".").map(Number);
    if (major !== 3 || minor < 10) unfit.push(`${name} is ${version}`);
    else if (ask(program, ["-c", "import venv, ensurepip"]) === undefined)
      unfit.push(`${name} ${version} has no venv module`);
    else return { program, version };
  }
  const found = unfit.length === 0 ? "none was found" : unfit.join("; ");
  throw new SetupProblem(
    `Python 3.10 or newer with its venv module is needed; ${found}.`,
    "Debian and Ubuntu: `sudo apt install python3 python3-venv`; macOS: `brew install python`; " +
      "or name one: `LATENTLAB_PYTHON=/path/to/python3 npm start`.",
  );
}

/** @returns {Program} */
export function findCompiler() {
  const forced = process.env["CXX"];
  for (const program of forced ? [forced] : ["c++", "g++", "clang++"]) {
    const version = ask(program, ["--version"])?.split("\n")[0];
    if (version) return { program, version };
  }
  const missing = forced ? `CXX=${forced} does not answer` : "none of c++, g++, clang++ was found";
  throw new SetupProblem(
    `A C++ compiler is needed to build the native engine; ${missing}.`,
    "Debian and Ubuntu: `sudo apt install g++`; Fedora: `sudo dnf install gcc-c++`; " +
      "macOS: `xcode-select --install`.",
  );
}

/**
 * The build of TensorFlow for this machine. `LATENTLAB_DEVICE=cpu|gpu` forces one.
 * @returns {DeviceChoice}
 */
export function chooseDevice() {
  const cpu = `CPU, ${availableParallelism()} threads`;
  const forced = process.env["LATENTLAB_DEVICE"];
  if (forced !== undefined && forced !== "cpu" && forced !== "gpu") {
    const what = `LATENTLAB_DEVICE is "cpu" or "gpu"; it was ${JSON.stringify(forced)}.`;
    throw new SetupProblem(what, "unset it to let set-up choose.");
  }
  if (forced === "cpu") return { device: "cpu", reason: "LATENTLAB_DEVICE=cpu", name: cpu };
  const gpu = ask("nvidia-smi", ["--query-gpu=name", "--format=csv,noheader"])?.split("\n")[0];
  const hasCuda = process.platform === "linux" && process.arch === "x64";
  if (forced === "gpu") {
    if (!hasCuda) {
      const what = "LATENTLAB_DEVICE=gpu needs Linux on x86-64, the only one with CUDA wheels.";
      throw new SetupProblem(what, "unset it to train on the CPU.");
    }
    const name = gpu ?? `${cpu}, until an NVIDIA driver is found`;
    return { device: "gpu", reason: "LATENTLAB_DEVICE=gpu", name };
  }
  if (gpu && hasCuda) return { device: "gpu", reason: `nvidia-smi reports ${gpu}`, name: gpu };
  const reason = hasCuda ? "no NVIDIA GPU was found" : "no CUDA build for this platform";
  return { device: "cpu", reason, name: cpu };
}

/**
 * @param {number} megabytes what the steps ahead will write
 * @throws {SetupProblem} if the disk has less
 */
export function checkDisk(megabytes) {
  const { bavail, bsize } = statfsSync(course.root);
  const free = Math.floor((bavail * bsize) / 1e6);
  if (free >= megabytes) return;
  throw new SetupProblem(
    `Set-up needs ${(megabytes / 1000).toFixed(1)} GB of free disk in ${course.root}; ` +
      `${(free / 1000).toFixed(1)} GB is free.`,
    "free some space, or move the course to another disk.",
  );
}
