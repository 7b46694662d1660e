import { strict as assert } from "node:assert";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";

import { createNotebook, stringify, toLines } from "../../scripts/notebooks/ipynb";
import { writeKernelspec } from "../../scripts/notebooks/kernelspec";
import { errorsIn } from "../../scripts/notebooks/inspect";
import {
  type Run,
  type RunOptions,
  canMount,
  executedPath,
  runNotebook,
} from "../../scripts/notebooks/run";

/** The runner must see what goes wrong; otherwise a green notebook means nothing. */
describe("notebook runner", function () {
  this.timeout(60_000);
  let share: string;

  before(() => {
    share = writeKernelspec();
  });
  after(() => rmSync(share, { recursive: true }));

  async function run(
    name: string,
    cells: readonly string[],
    options: Partial<RunOptions> = {},
  ): Promise<Run> {
    const notebook = cells.map((text, i) => ({
      cell_type: "code" as const,
      id: `cell-${i}`,
      metadata: {},
      source: toLines(text),
      outputs: [],
      execution_count: null,
    }));
    const path = resolve(".build", "runner", `${name}.ipynb`);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, stringify(createNotebook(notebook, "a test")));
    const env = { JUPYTER_PATH: share };
    const executed = executedPath(`runner/${name}.ipynb`);
    return runNotebook(path, executed, { secondsPerCell: 30, env, ...options });
  }

  it("runs cells in order and times them", async () => {
    const result = await run("fine", ["const a: number = 1;", "console.log(a + 1);"]);
    assert.equal(result.error, null);
    assert.deepEqual(errorsIn(result.notebook, result.stderr), []);
    assert.deepEqual(
      result.cells.map(({ id }) => id),
      ["cell-0", "cell-1"],
    );
    assert.deepEqual(result.notebook.cells[1]?.outputs?.[0]?.text, ["2\n"]);
  });

  it("reports an error with its cell, and runs no further", async () => {
    const result = await run("throws", ['throw new TypeError("planted");', 'console.log("on");']);
    assert.match(result.error ?? "", /CellExecutionError.*planted/s);
    assert.deepEqual(errorsIn(result.notebook), ["cell-0: TypeError: planted"]);
    assert.deepEqual(result.notebook.cells[1]?.outputs, []);
  });

  it("sees a rejection that nobody awaits", async () => {
    const cells = [
      'Promise.reject(new RangeError("planted"));',
      "await new Promise((r) => setTimeout(r, 200));",
    ];
    const { notebook, stderr } = await run("rejects", cells);
    assert.match(errorsIn(notebook, stderr).join("\n"), /planted/);
  });

  it("ends a cell that does not end", async () => {
    const result = await run("endless", ["await new Promise((r) => setTimeout(r, 30_000));"], {
      secondsPerCell: 2,
    });
    assert.match(result.error ?? "", /CellTimeoutError/);
  });

  it("runs in a checkout that cannot be written to", async function () {
    if (!canMount()) return this.skip();
    const cells = ['import fs from "node:fs";', 'fs.writeFileSync("planted.txt", "");'];
    const result = await run("read-only", cells, { isReadOnly: true });
    assert.match(errorsIn(result.notebook).join(), /EROFS/);
  });

  it("sees a kernel die", async () => {
    const result = await run("dies", [
      'process.kill(process.pid, "SIGKILL"); await new Promise(() => {});',
    ]);
    assert.match(result.error ?? "", /DeadKernelError/);
  });
});
