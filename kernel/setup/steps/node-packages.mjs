// @ts-check
import { accessSync, constants, existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

import { course } from "../course.mjs";
import { fingerprintFiles, readJson } from "../files.mjs";
import { run } from "../run.mjs";

/**
 * The packages of package-lock.json, in node_modules, with no install scripts run.
 * @param {import("../machine.mjs").Machine} machine
 * @returns {import("../steps.mjs").Step}
 */
export function nodePackages(machine) {
  const lockfile = join(course.root, "package-lock.json");
  return {
    name: "Node packages",
    id: "node-packages",
    megabytes: 450,
    key: () => fingerprintFiles([lockfile, join(course.root, "package.json")]),
    isInPlace: isTreeWhole,
    async make(progress, interrupted) {
      // A tree that a contributor's own `npm install` made is as good.
      if (!interrupted && isTreeWhole()) return count();
      await run(
        {
          name: "npm",
          command: [
            ...machine.npm,
            ...cacheOption(),
            ...["ci", "--ignore-scripts", "--include=dev", "--include=optional"],
            ...["--no-audit", "--no-fund", "--fetch-retries=1"],
          ],
          failed: "The Node packages could not be installed",
          fix: "read npm's message below; `npm ci --ignore-scripts` repeats this step alone.",
        },
        progress,
      );
      return count();
    },
  };
}

/** npm insists on a cache it can write; a home folder may be read-only. */
function cacheOption() {
  try {
    accessSync(homedir(), constants.W_OK);
    return [];
  } catch {
    return [`--cache=${join(course.local, "npm-cache")}`];
  }
}

/** @typedef {{ version?: string, optional?: boolean, link?: boolean }} LockedPackage */

/** @returns {Record<string, LockedPackage> | undefined} what npm says it has installed */
function installed() {
  return readJson(join(course.modules, ".package-lock.json"))?.packages;
}

/** Whether node_modules holds every package of package-lock.json, in its version. */
export function isTreeWhole() {
  const present = installed();
  /** @type {Record<string, LockedPackage> | undefined} */
  const locked = readJson(join(course.root, "package-lock.json"))?.packages;
  if (present === undefined || locked === undefined) return false;
  return Object.entries(locked).every(([place, { version, optional, link }]) => {
    if (!place.startsWith("node_modules/")) return true;
    const found = present[place];
    // Optional ones are for other platforms, unless npm has put them here.
    if (found === undefined) return optional === true;
    return (
      (link === true || found.version === version) &&
      existsSync(join(course.root, place, "package.json"))
    );
  });
}

function count() {
  return `${Object.keys(installed() ?? {}).length} packages`;
}
