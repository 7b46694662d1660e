// @ts-check
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { course, pythonEnvironment, sitePackages } from "../course.mjs";
import { fingerprint, replaceFolder } from "../files.mjs";
import { run } from "../run.mjs";

/**
 * JupyterLab and what the notebooks and tests need of Python, in .latentlab/python. Made beside
 * its place and moved there whole.
 * @param {import("../machine.mjs").Machine} machine
 * @returns {import("../steps.mjs").Step}
 */
export function pythonPackages({ python }) {
  const requirements = join(course.setup, "requirements.txt");
  return {
    name: "Python environment",
    id: "python",
    megabytes: 500,
    // Not of the Python on PATH, which differs between shells: the environment keeps its own.
    key: () => fingerprint(readFileSync(requirements, "utf8"), course.python),
    isInPlace: () =>
      existsSync(course.pythonExe) && existsSync(join(sitePackages() ?? "", "jupyterlab")),
    async make(progress) {
      const partial = `${course.python}.partial`;
      rmSync(partial, { recursive: true, force: true });
      const env = pythonEnvironment();
      await run({
        name: "venv",
        command: [python.program, "-m", "venv", partial],
        env,
        failed: "The Python environment could not be made",
        fix: "install Python's venv module (Debian and Ubuntu: `sudo apt install python3-venv`).",
      });
      await run(
        {
          name: "pip",
          command: pip(join(partial, "bin", "python"), ["-r", requirements]),
          env,
          failed: "The Python packages could not be installed",
          fix: "read pip's message below.",
        },
        progress,
      );
      renamePlace(partial, course.python);
      replaceFolder(partial, course.python);
      return `Python ${python.version}, JupyterLab ${versionIn(requirements, "jupyterlab")}`;
    },
  };
}

/**
 * A pip command that installs exactly what is listed and never compiles or asks.
 * @param {string} pythonExe
 * @param {string[]} what
 * @returns {[string, ...string[]]}
 */
export function pip(pythonExe, what) {
  const options = ["--no-deps", "--only-binary=:all:", "--no-input", "--progress-bar=off"];
  const quick = ["--disable-pip-version-check", "--no-warn-script-location", "--retries=1"];
  return [pythonExe, "-m", "pip", "install", ...options, ...quick, ...what];
}

/**
 * Programs of an environment name its folder in their first lines; give them the final one.
 * @param {string} from
 * @param {string} to
 */
function renamePlace(from, to) {
  const bin = join(from, "bin");
  const programs = readdirSync(bin, { withFileTypes: true }).filter((entry) => entry.isFile());
  for (const path of [...programs.map(({ name }) => join(bin, name)), join(from, "pyvenv.cfg")]) {
    const text = readFileSync(path, "latin1");
    const [before, after] = [from, to].map((name) => Buffer.from(name).toString("latin1"));
    if (text.includes(String(before)))
      writeFileSync(path, text.replaceAll(String(before), String(after)), "latin1");
  }
}

/**
 * @param {string} requirements
 * @param {string} name
 */
function versionIn(requirements, name) {
  return RegExp(`^${name}==(\\S+)`, "m").exec(readFileSync(requirements, "utf8"))?.[1];
}
