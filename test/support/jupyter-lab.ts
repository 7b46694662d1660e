import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { writeKernelspec } from "../../scripts/notebooks/kernelspec";

const PYTHON = resolve(".latentlab", "python", "bin", "python");
const OPTIONS = ["--no-browser", "--ip=127.0.0.1", "--port=0", "--allow-root"];
const START_MS = 60_000;

/** A JupyterLab of this checkout, on a folder of notebooks of its own. */
export class JupyterLab {
  private constructor(
    private readonly server: ChildProcess,
    /** Where its notebooks are. */
    readonly folder: string,
    private readonly temporary: readonly string[],
    private readonly address: { readonly port: number; readonly token: string },
  ) {}

  /** @param notebooks contents by file name */
  static async start(notebooks: Readonly<Record<string, object>>): Promise<JupyterLab> {
    // Inside the checkout, since cells import `latentlab` from its node_modules.
    const folder = mkdtempSync(resolve(".build", "notebooks-"));
    for (const [name, content] of Object.entries(notebooks)) {
      writeFileSync(join(folder, name), JSON.stringify(content));
    }
    const home = mkdtempSync(join(tmpdir(), "latentlab-lab-"));
    const share = writeKernelspec();
    const token = randomBytes(16).toString("hex");
    const env = {
      ...process.env,
      JUPYTER_PATH: share,
      JUPYTER_TOKEN: token,
      LATENTLAB_PROGRESS: join(folder, "progress.jsonl"),
      LATENTLAB_RESULTS: join(folder, "results"),
      JUPYTER_CONFIG_DIR: join(home, "config"),
      JUPYTER_DATA_DIR: join(home, "data"),
      JUPYTER_RUNTIME_DIR: join(home, "runtime"),
    };
    const args = ["-m", "jupyterlab", ...OPTIONS, `--ServerApp.root_dir=${folder}`];
    const server = spawn(PYTHON, args, { env, stdio: ["ignore", "ignore", "pipe"] });
    let log = "";
    server.stderr.on("data", (chunk) => (log += String(chunk)));
    const port = await waitForPort(join(home, "runtime"), server);
    if (port === undefined) throw new Error(`JupyterLab did not start:\n${log}`);
    return new JupyterLab(server, folder, [folder, home, share], { port, token });
  }

  /** The page of a notebook. */
  page(name: string): string {
    const { port, token } = this.address;
    return `http://127.0.0.1:${port}/lab/tree/${name}?token=${token}`;
  }

  /** The notebook as it is saved. */
  saved(name: string): string {
    return readFileSync(join(this.folder, name), "utf8");
  }

  async stop(): Promise<void> {
    if (this.server.exitCode === null) {
      this.server.kill("SIGTERM");
      await once(this.server, "exit");
    }
    for (const path of this.temporary) rmSync(path, { recursive: true, force: true });
  }
}

/** Jupyter writes a note about itself once it listens. */
async function waitForPort(runtime: string, server: ChildProcess): Promise<number | undefined> {
  for (let waited = 0; waited < START_MS && server.exitCode === null; waited += 200) {
    await sleep(200);
    try {
      const note = readdirSync(runtime).find((name) => /^jpserver-\d+\.json$/.test(name)) ?? "";
      return (JSON.parse(readFileSync(join(runtime, note), "utf8")) as { port: number }).port;
    } catch {
      // not yet
    }
  }
  return undefined;
}

/** A notebook of code cells for our kernel. */
export function codeNotebook(cells: readonly string[]): object {
  const metadata = {
    kernelspec: {
      name: "latentlab",
      display_name: "LatentLab (TypeScript)",
      language: "typescript",
    },
  };
  return {
    cells: cells.map((source, i) => ({
      ...{ cell_type: "code", id: `cell-${i}`, metadata: {}, source },
      ...{ outputs: [], execution_count: null },
    })),
    ...{ metadata, nbformat: 4, nbformat_minor: 5 },
  };
}
