import { execFileSync } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const INSTALL = `
import { installJupyterFiles } from "./kernel/setup/steps/jupyter-files.mjs";
installJupyterFiles(process.argv[1]);
`;

/**
 * Install the kernelspec and the JupyterLab extension of this checkout in a folder of its own.
 *
 * @returns a value for JUPYTER_PATH, which Jupyter searches before what is installed
 */
export function writeKernelspec(): string {
  const share = mkdtempSync(join(tmpdir(), "latentlab-jupyter-"));
  execFileSync(process.execPath, ["--input-type=module", "--eval", INSTALL, share]);
  return share;
}
