// @ts-check
import { existsSync } from "node:fs";

import { course } from "../course.mjs";
import { fingerprint, writeAtomic } from "../files.mjs";
import { libtensorflow, TENSORFLOW_VERSION } from "./tensorflow.mjs";

/**
 * .latentlab/engine.json: which device was chosen and why. lib/engine reads it for its report.
 * @param {import("../machine.mjs").Machine} machine
 * @returns {import("../steps.mjs").Step}
 */
export function engineNote({ choice }) {
  const { device, reason, name } = choice;
  const libraryPath = libtensorflow(device).cc;
  const note = { device, reason, name, tensorflow: TENSORFLOW_VERSION, libtensorflow: libraryPath };
  return {
    name: "Device",
    id: "engine-note",
    key: () => fingerprint(note),
    isInPlace: () => existsSync(course.engineNote),
    async make() {
      writeAtomic(course.engineNote, `${JSON.stringify(note, null, 2)}\n`);
      return `training runs on ${name}: ${reason}`;
    },
  };
}
