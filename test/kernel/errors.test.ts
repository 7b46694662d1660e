import assert from "node:assert/strict";

import { KernelClient, type Executed } from "../support/kernel-client";

function errorOf({ published }: Executed): { ename: string; evalue: string; traceback: string } {
  const content = published.find(({ kind }) => kind === "error")?.content;
  assert.ok(content, "no error was published");
  const traceback = (content["traceback"] as string[]).join("\n").replaceAll(/\u001b\[\d+m/g, "");
  return { ename: String(content["ename"]), evalue: String(content["evalue"]), traceback };
}

describe("kernel: errors", () => {
  let kernel: KernelClient;
  before(async () => {
    kernel = await KernelClient.start();
  });
  after(() => kernel.close());

  it("names the line of the cell as written, and no frame of the machinery", async () => {
    const run = await kernel.run(
      "// a comment\n\ninterface Shape { readonly n: number }\n\nfunction f(x: Shape): number {\n" +
        '  if (x.n > 1) throw new RangeError("bad");\n  return x.n;\n}\nf({ n: 2 })',
    );
    const { ename, evalue, traceback } = errorOf(run);
    assert.deepEqual([ename, evalue, run.reply["ename"]], ["RangeError", "bad", "RangeError"]);
    assert.match(traceback, /line 6\n/);
    assert.match(traceback, /→ 6 │ {3}if \(x\.n > 1\)/);
    const frames = traceback.split("\n").filter((line) => line.trim().startsWith("at "));
    assert.equal(frames.length, 2, traceback);
    assert.match(frames[0]!, /at f \(cell-\d+\.ts:6:\d+\)/);
    assert.match(frames[1]!, /cell-\d+\.ts:9:1/);
  });

  it("names the line after an await, in loops, and in a function of an earlier cell", async () => {
    const late = errorOf(
      await kernel.run(
        'await 0;\n\nfor (const x of [1]) {\n  await x;\n  throw new Error("late");\n}',
      ),
    );
    assert.match(late.traceback, /line 5\n/);
    await kernel.run("\n\nfunction thrower(): never {\n\n  throw new Error('far')\n}");
    const far = errorOf(await kernel.run("\nthrower()"));
    assert.match(far.traceback, /cell-\d+\.ts:5:\d+\)\n\s+at cell-\d+\.ts:2:1/);
    const printed = await kernel.run("\nconsole.log(new Error('shown').stack)");
    assert.match(printed.stdout, /at cell-\d+\.ts:2:\d+/);
  });

  it("shows type errors with their line and runs nothing", async () => {
    const run = await kernel.run('console.log("ran");\nconst n: number = "x";');
    const { ename, evalue, traceback } = errorOf(run);
    assert.equal(ename, "TypeScriptError");
    assert.match(evalue, /^line 2: Type 'string' is not assignable to type 'number'/);
    assert.match(traceback, /line 2, column 7/);
    assert.match(traceback, /→ 2 │ const n: number = "x";\n {12}\^/);
    assert.equal(run.stdout, "");
    assert.equal(errorOf(await kernel.run("let = = 3")).ename, "TypeScriptError");
  });

  it("reports thrown values that are no errors, and causes", async () => {
    assert.match(errorOf(await kernel.run('throw "plain"')).evalue, /plain/);
    const { traceback } = errorOf(
      await kernel.run('throw new Error("outer", { cause: new Error("inner") })'),
    );
    assert.match(traceback, /Caused by: Error: inner/);
  });

  it("puts the message first, then the fix, the line, and library frames as one line", async () => {
    await kernel.run('import { nn, Rng, viz } from "latentlab"');
    const code =
      "const conv = new nn.Conv2d(3, 4, new Rng(1));\nconv.forward(tf.ones([1, 8, 8, 5]))";
    const run = await kernel.run(`import { tf } from "latentlab";\n${code}`);
    const [title, place, , , line, folded, cell] = errorOf(run).traceback.split("\n");
    assert.match(title ?? "", /^ShapeError: Conv2d: x must have shape \[B, H, W, 3\], got/);
    assert.match(place ?? "", /^cell \[\d+\], line 3$/);
    assert.match(line ?? "", /^→ 3 │ conv\.forward/);
    const frames = /^ {4}… (\d+) frames in latentlab \(Conv2d\.forward conv\.ts:\d+ …\)$/;
    const [, count] = frames.exec(folded ?? "") ?? [];
    assert.ok(Number(count) >= 2, folded);
    assert.match(cell ?? "", /at cell-\d+\.ts:3:6$/);
    const shown = run.published.find(({ kind }) => kind === "display_data")?.content["data"];
    const { "text/html": html = "" } = (shown ?? {}) as Record<string, string>;
    assert.match(html, /^<details><summary>All \d+ frames in latentlab and cells<\/summary>/);
    assert.match(html, /at Conv2d\.forward \(nn\/conv\.ts:\d+\)\nat cell-\d+\.ts:3:6/);
    const fixed = errorOf(await kernel.run('viz.slider([], { label: "k", positions: [] })'));
    assert.match(
      fixed.traceback,
      /^ValueError: slider: 0 figures.*\n→ Give one position per figure\.\ncell/,
    );
  });

  it("finds the line of the cell below ten frames of others, and counts equal frames", async () => {
    const deep = errorOf(await kernel.run("tf.ones([2, 3]).matMul(tf.ones([2, 3]))"));
    assert.match(deep.traceback, /\ncell \[\d+\], line 1\n/);
    assert.match(deep.traceback, /… \d+ frames in tfjs \(\S+ tf\.node\.js:\d+ …\)/);
    const endless = errorOf(
      await kernel.run("const f = (n: number): number => f(n + 1) + 1; f(0)"),
    );
    assert.match(endless.traceback, /at f \(cell-\d+\.ts:1:34\), \d+ times/);
  });

  it("keeps what a failed cell declared before it failed", async () => {
    await kernel.run('const kept = 5; throw new Error("after")');
    const { published } = await kernel.run("kept");
    assert.ok(published.some(({ kind }) => kind === "execute_result"));
  });

  it("drops waiting cells after an error, unless told not to", async () => {
    const failing = 'await new Promise((r) => setTimeout(r, 200)); throw new Error("first")';
    const runs = [kernel.run(failing), kernel.run("1"), kernel.run("2")];
    const statuses = (await Promise.all(runs)).map(({ reply }) => reply["status"]);
    assert.deepEqual(statuses, ["error", "aborted", "aborted"]);
    const going = [kernel.run(failing, { stop_on_error: false }), kernel.run("1")];
    const others = (await Promise.all(going)).map(({ reply }) => reply["status"]);
    assert.deepEqual(others, ["error", "ok"]);
    assert.equal((await kernel.run("1")).reply["status"], "ok");
  });

  it("fails the cell whose promise is rejected unawaited, or whose timer throws", async () => {
    const rejected = await kernel.run('Promise.reject(new TypeError("floating")); 1');
    assert.equal(errorOf(rejected).ename, "TypeError");
    assert.match(rejected.stderr, /UnhandledPromiseRejection: TypeError: floating/);
    const thrown = await kernel.run(
      'setTimeout(() => { throw new Error("timer") }, 10); await new Promise((r) => setTimeout(r, 300))',
    );
    assert.equal(errorOf(thrown).evalue, "timer");
    assert.match(thrown.stderr, /UncaughtException: Error: timer/);
    assert.ok(thrown.milliseconds < 290);
  });

  it("shows a rejection that comes later in the cell it comes from, and lives on", async () => {
    const first = 'setTimeout(() => { void Promise.reject(new Error("much later")) }, 100); 0';
    assert.equal((await kernel.run(first)).reply["status"], "ok");
    const other = await kernel.run("await new Promise((r) => setTimeout(r, 200)); 1");
    assert.equal(other.reply["status"], "ok");
    assert.equal(other.stderr, "");
    const late = kernel.late.filter(({ message }) => message.kind === "stream");
    assert.match(JSON.stringify(late), /UnhandledPromiseRejection: Error: much later/);
  });

  it("does not obey process.exit", async () => {
    const { ename, evalue } = errorOf(await kernel.run("process.exit(3)"));
    assert.equal(ename, "Error");
    assert.match(evalue, /process\.exit\(3\) would end the kernel/);
    assert.equal((await kernel.run("1")).reply["status"], "ok");
  });
});
