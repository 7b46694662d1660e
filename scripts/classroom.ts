/** Install what a class needs beyond the course itself: `npm run classroom`. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";

import { pythonEnvironment, run } from "./python-environment";

/** JupyterHub's proxy: a Node program, of which this is the version that fits. */
const PROXY = "configurable-http-proxy@5.3.0";

/** @returns the folder of nbgrader, jupyterhub, jupytext and nbdime */
export async function classroomTools(): Promise<string> {
  const bin = await pythonEnvironment("classroom");
  const folder = resolve(".latentlab", "proxy");
  const note = join(folder, "package.json");
  if (existsSync(note) && readFileSync(note, "utf8").includes(PROXY.split("@")[1] as string)) {
    return bin;
  }
  mkdirSync(folder, { recursive: true });
  writeFileSync(note, '{ "private": true }');
  const options = ["--prefix", folder, "--no-workspaces", "--ignore-scripts", "--save-exact"];
  await run("npm", ["install", ...options, PROXY], { isQuiet: true, cwd: folder });
  return bin;
}

if (require.main === module) {
  classroomTools().then(
    (bin) => console.log(`nbgrader, jupyterhub, jupytext and nbdime are in ${bin}`),
    (error: unknown) => {
      console.error(error instanceof Error ? error.message : error);
      process.exitCode = 1;
    },
  );
}
