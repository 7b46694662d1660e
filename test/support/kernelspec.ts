import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const PRINT = `
import { kernelspec } from "./kernel/setup/steps/jupyter-files.mjs";
console.log(JSON.stringify(kernelspec()));
`;

/**
 * Write the kernelspec that set-up installs, for this checkout, to a folder of its own.
 *
 * @returns a value for JUPYTER_PATH, which Jupyter searches before what is installed
 */
export function writeKernelspec(): string {
  const node = ["--input-type=module", "--eval", PRINT];
  const spec = execFileSync(process.execPath, node, { encoding: "utf8" });
  const share = mkdtempSync(join(tmpdir(), "latentlab-jupyter-"));
  const folder = join(share, "kernels", "latentlab");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "kernel.json"), spec);
  return share;
}
