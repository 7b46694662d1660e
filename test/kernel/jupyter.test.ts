import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, rmSync } from "node:fs";
import { resolve } from "node:path";

import { writeKernelspec } from "../../scripts/notebooks/kernelspec";

const PYTHON = resolve(".latentlab", "python", "bin", "python");

/** Runs cells by Jupyter's own client, the one behind nbconvert, papermill and nbgrader. */
const SCRIPT = `
import json, sys, time, nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from jupyter_client.manager import start_new_kernel

def run(*cells):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells])
    client = NotebookClient(notebook, kernel_name="latentlab", timeout=60)
    try:
        client.execute()
        return [c.outputs for c in notebook.cells], None
    except CellExecutionError as error:
        return [c.outputs for c in notebook.cells], [error.ename, error.evalue]

good, error = run("const x: number = 20", "console.log('hi'); x + 1")
assert error is None, error
bad, error = run("1", "function f() { throw new RangeError('seen by nbclient') }\\nf()", "console.log('not run')")
manager, client = start_new_kernel(kernel_name="latentlab")
client.execute("for (;;);")
time.sleep(1)
manager.interrupt_kernel()
interrupted = client.get_shell_msg(timeout=10)["content"]
manager.restart_kernel(now=False)
client.wait_for_ready(timeout=30)
again = client.execute_interactive("1 + 1", timeout=30, output_hook=lambda m: None)["content"]
manager.shutdown_kernel(now=False)
print(json.dumps(dict(good=good[1], error=error, after=bad[2], ename=interrupted["ename"], again=again)))
`;

interface Report {
  readonly good: readonly {
    readonly output_type: string;
    readonly data?: Record<string, string>;
  }[];
  readonly error: readonly [string, string];
  readonly after: readonly unknown[];
  readonly ename: string;
  readonly again: { readonly status: string; readonly execution_count: number };
}

describe("kernel: in Jupyter's own clients", () => {
  it("runs notebooks, names the error of a failing cell, and is interrupted and restarted", function () {
    if (!existsSync(PYTHON)) this.skip();
    const share = writeKernelspec();
    const env = { ...process.env, JUPYTER_PATH: share };
    const run = spawnSync(PYTHON, ["-c", SCRIPT], { env, encoding: "utf8" });
    rmSync(share, { recursive: true });
    assert.equal(run.status, 0, run.stderr);
    const { good, error, after, ename, again } = JSON.parse(run.stdout) as Report;
    const kinds = good.map(({ output_type }) => output_type);
    assert.deepEqual(kinds, ["stream", "execute_result"]);
    assert.deepEqual(good[1]?.data, { "text/plain": "21" });
    assert.deepEqual(error, ["RangeError", "seen by nbclient"]);
    assert.deepEqual(after, []);
    assert.equal(ename, "KeyboardInterrupt");
    assert.deepEqual([again.status, again.execution_count], ["ok", 1]);
  });
});
