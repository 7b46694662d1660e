// @ts-check
import { existsSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";

import { course, pythonEnvironment } from "../course.mjs";
import { fingerprint, fingerprintFiles, replaceFolder } from "../files.mjs";
import { SetupProblem } from "../problem.mjs";
import { run } from "../run.mjs";
import { pip } from "./python-environment.mjs";

export const TENSORFLOW_VERSION = "2.21.0";

/**
 * TensorFlow's C library: the wheel of PyPI, unpacked into a folder of its own that has the layout
 * of site-packages, so that the CUDA build finds its `nvidia` folders next to itself. No Python of it
 * is ever run.
 * @param {import("../machine.mjs").Machine} machine
 * @returns {import("../steps.mjs").Step}
 */
export function tensorflowLibrary({ choice: { device } }) {
  const { folder, cc, framework } = libtensorflow(device);
  const place = join(folder, "..");
  const packages = wheelArguments(device);
  return {
    name: "TensorFlow library",
    id: `tensorflow-${device}`,
    // Unpacked, and the wheels while they are fetched.
    megabytes: device === "gpu" ? 10_000 : 1700,
    key: () => fingerprint(packages, fingerprintFiles(requirementFiles(device)), place),
    isInPlace: () => existsSync(cc) && existsSync(framework),
    async make(progress) {
      const partial = `${place}.partial`;
      rmSync(partial, { recursive: true, force: true });
      mkdirSync(partial, { recursive: true });
      await run(
        {
          name: "tensorflow",
          command: pip(course.pythonExe, ["--target", partial, "--no-compile", ...packages]),
          env: pythonEnvironment(),
          failed: "The TensorFlow library could not be installed",
          fix: "read pip's message below; the wheels are for Linux (x86-64, aarch64) and macOS (arm64).",
        },
        progress,
      );
      const made = libtensorflow(device, partial);
      if (!existsSync(made.cc) || !existsSync(made.framework)) {
        const what = `The TensorFlow wheel holds no ${made.cc}.`;
        throw new SetupProblem(what, "report this with the output of `npm run doctor`.");
      }
      replaceFolder(partial, place);
      return `libtensorflow ${TENSORFLOW_VERSION}, ${device.toUpperCase()} build`;
    },
  };
}

/**
 * Where libtensorflow is.
 * @param {"cpu" | "gpu"} device
 * @param {string} [place]
 */
export function libtensorflow(device, place = join(course.local, `tensorflow-${device}`)) {
  const folder = join(place, "tensorflow");
  /** @param {string} name */
  const library = (name) =>
    join(folder, process.platform === "darwin" ? `${name}.2.dylib` : `${name}.so.2`);
  return {
    folder,
    include: join(folder, "include"),
    cc: library("libtensorflow_cc"),
    framework: library("libtensorflow_framework"),
  };
}

/**
 * What pip is asked for. The library does not depend on Python's version, so one wheel serves all.
 * @param {"cpu" | "gpu"} device
 * @returns {string[]}
 */
function wheelArguments(device) {
  // Only Linux on x86-64 has a separate, smaller CPU wheel; elsewhere `tensorflow` is CPU only.
  const hasCpuWheel = process.platform === "linux" && process.arch === "x64";
  const wheel = device === "cpu" && hasCpuWheel ? "tensorflow-cpu" : "tensorflow";
  return [
    ...["--python-version=3.13", "--implementation=cp", "--abi=cp313"],
    `${wheel}==${TENSORFLOW_VERSION}`,
    ...requirementFiles(device).flatMap((file) => ["-r", file]),
  ];
}

/**
 * @param {"cpu" | "gpu"} device
 * @returns {string[]}
 */
function requirementFiles(device) {
  return device === "gpu" ? [join(course.setup, "requirements-cuda.txt")] : [];
}
