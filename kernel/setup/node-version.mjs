// @ts-check
// Loaded before anything else, so it keeps to syntax that old Node versions can read.

/**
 * What is wrong with this Node version, or nothing.
 * @param {string} version e.g. "20.20.2"
 * @returns {string | undefined}
 */
export function nodeProblem(version) {
  const major = Number(version.split(".")[0]);
  if (major >= 20 && major < 25) return undefined;
  return (
    `LatentLab runs on Node 20 to 24; this is Node ${version}.\n` +
    "  Fix: install Node 22 (https://nodejs.org, or `nvm install 22`) and run the command again."
  );
}
