// @ts-check
import { existsSync, mkdirSync, renameSync } from "node:fs";
import { dirname, join } from "node:path";

import { course } from "../course.mjs";
import { fingerprint, fingerprintFiles, readJson, sweep } from "../files.mjs";
import { SetupProblem } from "../problem.mjs";
import { ask, run } from "../run.mjs";
import { libtensorflow, TENSORFLOW_VERSION } from "./tensorflow.mjs";

/**
 * The addon of tfjs-node-gpu, compiled against our libtensorflow, with session options of ours. It is
 * loaded once before it is put in its place, so what is there always works.
 * @param {import("../machine.mjs").Machine} machine
 * @returns {import("../steps.mjs").Step}
 */
export function nativeEngine({ compiler, choice: { device } }) {
  const folder = dirname(course.addon);
  const sources = join(course.tfjs, "binding");
  return {
    name: "Native engine",
    id: "native-engine",
    megabytes: 1,
    key: () =>
      fingerprint(
        fingerprintFiles([sources, course.nativeSources]),
        readJson(join(course.tfjs, "package.json"))?.version,
        [libtensorflow(device), TENSORFLOW_VERSION],
        [compiler, process.platform, process.arch],
      ),
    isInPlace: () => existsSync(course.addon),
    async make() {
      mkdirSync(folder, { recursive: true });
      sweep(folder);
      const partial = `${course.addon}.partial`;
      await run({
        name: "compiler",
        command: [compiler.program, ...compilerArguments(device, partial)],
        failed: `The native engine could not be compiled by ${compiler.program}`,
        fix: "read the compiler's message below; C++17 is needed (g++ 9, clang 10 or newer).",
      });
      const version = loadAddon(partial);
      if (version === undefined) {
        const what = `The native engine was compiled but does not load with ${libtensorflow(device).cc}.`;
        throw new SetupProblem(what, "remove .latentlab and run the command again.");
      }
      renameSync(partial, course.addon);
      return `TensorFlow ${version} through tfjs, by ${compiler.version}`;
    },
  };
}

/**
 * @param {"cpu" | "gpu"} device
 * @param {string} output
 * @returns {string[]}
 */
function compilerArguments(device, output) {
  const { folder, include, cc, framework } = libtensorflow(device);
  const binding = join(course.tfjs, "binding");
  const headers = [join(course.modules, "node-api-headers", "include"), include, binding];
  const kind =
    process.platform === "darwin" ? ["-bundle", "-undefined", "dynamic_lookup"] : ["-shared"];
  return [
    ...["-std=c++17", "-O2", "-fPIC", "-fexceptions", "-DNAPI_VERSION=8", ...kind],
    "-DTF_NewSessionOptions=LatentLabNewSessionOptions",
    ...headers.flatMap((path) => ["-I", path]),
    ...["tfjs_backend.cc", "tfjs_binding.cc"].map((name) => join(binding, name)),
    join(course.nativeSources, "session-options.cc"),
    ...["-o", output, cc, framework],
    // Found at run time where it is, with no LD_LIBRARY_PATH. -Xlinker, since a path may hold a comma.
    ...["-Xlinker", "-rpath", "-Xlinker", folder],
  ];
}

/**
 * Load an addon in a process of its own.
 * @param {string} path
 * @returns {string | undefined} TensorFlow's version, or undefined if it does not load
 */
export function loadAddon(path) {
  const program = `const addon = { exports: {} };
    process.dlopen(addon, process.argv[1]);
    console.log(addon.exports.TF_Version);`;
  return ask(process.execPath, ["-e", program, path], 120_000);
}
