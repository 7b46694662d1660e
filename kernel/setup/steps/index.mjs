// @ts-check
import { engineNote } from "./engine-note.mjs";
import { jupyterFiles } from "./jupyter-files.mjs";
import { nativeEngine } from "./native-engine.mjs";
import { nodePackages } from "./node-packages.mjs";
import { pythonPackages } from "./python-environment.mjs";
import { tensorflowLibrary } from "./tensorflow.mjs";
import { compiledTypeScript } from "./typescript.mjs";

/**
 * Everything that set-up makes, in order: a later step may need an earlier one.
 * @param {import("../machine.mjs").Machine} machine
 * @returns {import("../steps.mjs").Step[]}
 */
export function setupSteps(machine) {
  return [
    nodePackages(machine),
    pythonPackages(machine),
    tensorflowLibrary(machine),
    nativeEngine(machine),
    compiledTypeScript(),
    jupyterFiles(),
    engineNote(machine),
  ];
}
