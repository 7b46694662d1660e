import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { KernelClient, type Executed } from "../support/kernel-client";

function resultOf({ published }: Executed): Record<string, unknown> {
  const message = published.find(({ kind }) => kind === "execute_result");
  return (message?.content["data"] ?? {}) as Record<string, unknown>;
}

function kindsOf({ published }: Executed): string[] {
  return published.map(({ kind }) => kind).filter((kind) => kind !== "status");
}

describe("kernel: messages", () => {
  let kernel: KernelClient;
  before(async () => {
    kernel = await KernelClient.start();
  });
  after(() => kernel.close());

  it("shows the last expression and keeps what cells declare", async () => {
    const first = await kernel.run("const a: number = 3; a + 4");
    assert.equal(resultOf(first)["text/plain"], "7");
    assert.equal(first.reply["status"], "ok");
    assert.equal(resultOf(await kernel.run("a * 2"))["text/plain"], "6");
    assert.deepEqual(kindsOf(await kernel.run("const silent = 1")), ["execute_input"]);
  });

  it("sees variables of earlier cells in every place, also as shorthand properties", async () => {
    await kernel.run("let p = 1, q = 2");
    assert.equal(resultOf(await kernel.run("({ p, q: { q } }).q.q + p"))["text/plain"], "3");
    assert.equal(
      resultOf(await kernel.run("({ p, q = 9 } = { p: 5 } as any); p + q"))["text/plain"],
      "14",
    );
    assert.equal(resultOf(await kernel.run("[p, q].join()"))["text/plain"], "'5,9'");
    assert.equal(resultOf(await kernel.run("((p: number) => ({ p }).p)(7)"))["text/plain"], "7");
  });

  const awaits: [string, string][] = [
    ["await Promise.resolve(1)", "1"],
    ["await (Promise.resolve(2))", "2"],
    ["await [3][0]", "3"],
    ["let n = 0; for await (const x of [1, Promise.resolve(2)]) n += x; n", "3"],
    [
      "async function* g() { yield 4; yield 5 }; let m = 0; for await (const x of g()) m += x; m",
      "9",
    ],
    ["const f = async (x: number) => (await x) + 1; await f(5)", "6"],
  ];
  for (const [code, expected] of awaits) {
    it(`awaits at top level: ${code}`, async () => {
      assert.equal(resultOf(await kernel.run(code))["text/plain"], expected);
    });
  }

  it("loses none of 20,000 printed lines, and joins them into few messages", async () => {
    const printed = await kernel.run('for (let i = 0; i < 20_000; i++) console.log("line", i)');
    const expected = Array.from({ length: 20_000 }, (_, i) => `line ${i}\n`).join("");
    assert.equal(printed.stdout, expected);
    assert.ok(printed.published.length < 500, `${printed.published.length} messages`);
  });

  it("keeps the order of stdout, stderr and displays", async () => {
    const cell =
      'console.log(1); console.error(2); host.display({ "text/plain": "3" }); console.log(4)';
    const host = 'const host = (globalThis as any)[Symbol.for("latentlab.kernel")]';
    await kernel.run(host);
    const kinds = ["execute_input", "stream", "stream", "display_data", "stream"];
    assert.deepEqual(kindsOf(await kernel.run(cell)), kinds);
  });

  it("loses none of 10,000 updates of one display, and clears output", async () => {
    const run = await kernel.run(`
      host.display({ "text/plain": "first" }, { id: "live", metadata: { size: 1 } });
      for (let i = 0; i < 10_000; i++) host.display({ "text/plain": String(i) }, { id: "live", update: true });
      host.clearOutput(true)`);
    const updates = run.published.filter(({ kind }) => kind === "update_display_data");
    const texts = updates.map(
      ({ content }) => (content["data"] as Record<string, string>)["text/plain"],
    );
    assert.deepEqual(
      texts,
      Array.from({ length: 10_000 }, (_, i) => String(i)),
    );
    assert.deepEqual(updates[0]?.content["transient"], { display_id: "live" });
    const first = run.published.find(({ kind }) => kind === "display_data");
    assert.deepEqual(first?.content["metadata"], { size: 1 });
    const cleared = run.published.find(({ kind }) => kind === "clear_output");
    assert.deepEqual(cleared?.content, { wait: true });
  });

  it("shows values by their own display, by formatters, and as text when either fails", async () => {
    await kernel.run(`
      const show = Symbol.for("Jupyter.display");
      class Point { constructor(readonly x: number) {} }
      (globalThis as any)[Symbol.for("latentlab.formatters")] = [
        (v: unknown) => { if (v === "boom") throw new Error("formatter"); return undefined },
        (v: unknown) => v instanceof Point ? { "text/html": "<b>" + v.x + "</b>" } : undefined,
      ]`);
    const own = await kernel.run('({ [show]: async () => ({ "text/html": "<i>x</i>" }) })');
    assert.equal(resultOf(own)["text/html"], "<i>x</i>");
    assert.ok(resultOf(own)["text/plain"]);
    const bytes = await kernel.run(
      '({ [show]: () => ({ "image/png": new Uint8Array([1, 2, 3]) }) })',
    );
    assert.equal(resultOf(bytes)["image/png"], "AQID");
    assert.equal(resultOf(await kernel.run("new Point(7)"))["text/html"], "<b>7</b>");
    for (const code of [
      '"boom"',
      '({ [show]: () => { throw new Error("no") } })',
      '({ [show]: () => ({ "text/html": 1n }) })',
    ]) {
      const failed = await kernel.run(code);
      assert.equal(failed.reply["status"], "ok");
      assert.deepEqual(Object.keys(resultOf(failed)), ["text/plain"], code);
    }
  });

  it("honours silent, store_history and user_expressions", async () => {
    const before = (await kernel.run("1")).reply["execution_count"] as number;
    const silent = await kernel.run("2", { silent: true });
    assert.deepEqual(kindsOf(silent), []);
    await kernel.run("3", { store_history: false });
    const asked = { good: "a + 1", bad: "missing" };
    const { reply } = await kernel.run("4", { user_expressions: asked });
    assert.equal(reply["execution_count"], before + 1);
    const answers = reply["user_expressions"] as Record<string, Record<string, unknown>>;
    assert.deepEqual(answers["good"]?.["data"], { "text/plain": "4" });
    assert.equal(answers["bad"]?.["ename"], "ReferenceError");
    const tail = await kernel.request("history_request", { hist_access_type: "tail", n: 2 });
    assert.deepEqual(tail["history"], [
      [1, before, "1"],
      [1, before + 1, "4"],
    ]);
  });

  it("answers complete, inspect, is_complete, comm_info and unknown requests", async () => {
    await kernel.run("const smile = { width: 1, height: 2 }");
    const code = '"😀"; smile.wi';
    const cursor = [...code].length;
    const completed = await kernel.request("complete_request", { code, cursor_pos: cursor });
    assert.ok((completed["matches"] as string[]).includes("width"));
    assert.equal(completed["cursor_start"], cursor - 2);
    const inspected = await kernel.request("inspect_request", { code: "smile", cursor_pos: 2 });
    assert.match(JSON.stringify(inspected["data"]), /width: number/);
    const open = await kernel.request("is_complete_request", { code: "function f() {" });
    assert.equal(open["status"], "incomplete");
    assert.equal(
      (await kernel.request("is_complete_request", { code: "1" }))["status"],
      "complete",
    );
    assert.deepEqual(await kernel.request("comm_info_request", {}), { status: "ok", comms: {} });
    assert.equal((await kernel.request("odd_request", {}))["status"], "error");
  });

  it("answers completions while a cell waits", async () => {
    const running = kernel.run("await new Promise((r) => setTimeout(r, 400)); 1");
    const asked = performance.now();
    await kernel.request("complete_request", { code: "Math.ab", cursor_pos: 7 });
    assert.ok(performance.now() - asked < 390);
    assert.equal((await running).reply["status"], "ok");
  });

  it("imports npm packages and latentlab from the notebook's folder, and serves tslab's display", async () => {
    const imported = await kernel.run(
      'import * as path from "node:path"; import { Rng } from "latentlab"; import * as tslab from "tslab"',
    );
    assert.equal(imported.reply["status"], "ok", JSON.stringify(imported.reply));
    const shown = await kernel.run('tslab.display.html("<u>x</u>"); typeof Rng + path.sep');
    assert.ok(kindsOf(shown).includes("display_data"));
    assert.equal(resultOf(shown)["text/plain"], "'function/'");
  });

  it("imports TypeScript files beside the notebook, and sees them change", async () => {
    const folder = mkdtempSync(join(tmpdir(), "latentlab-notebook-"));
    writeFileSync(join(folder, "inner.ts"), "export const base: number = 20;");
    writeFileSync(
      join(folder, "side.ts"),
      'import { base } from "./inner"; export function twice(x: number) { return base + 2 * x; }',
    );
    const beside = await KernelClient.start({ cwd: folder });
    const run = await beside.run('import { twice } from "./side"; twice(4)');
    assert.equal(resultOf(run)["text/plain"], "28");
    const wrong = await beside.run('twice("x")');
    assert.equal(wrong.reply["ename"], "TypeScriptError");
    // A module that was looked for in vain comes to be, and other files come and go.
    assert.equal(
      (await beside.run('import { late } from "./late"; late')).reply["status"],
      "error",
    );
    for (let k = 0; k < 5; k++) {
      writeFileSync(join(folder, k < 3 ? `other-${k}.ts` : "late.ts"), "export const late = 7;");
      await new Promise((resolve) => setTimeout(resolve, 100));
      assert.equal((await beside.run(`${k}`)).reply["status"], "ok", `after file ${k}`);
    }
    assert.equal(
      resultOf(await beside.run('import { late } from "./late"; late'))["text/plain"],
      "7",
    );
    await beside.close();
    rmSync(folder, { recursive: true });
  });

  it("answers a plain cell at once, also after the import of latentlab", async () => {
    const times: number[] = [];
    for (let i = 0; i < 21; i++) {
      times.push((await kernel.run(`const v${i} = ${i}; v${i} + 1`)).milliseconds);
    }
    const median = times.sort((x, y) => x - y)[10]!;
    console.log(`      median of a plain cell: ${median.toFixed(1)} ms`);
    // 30 ms is the aim on a free machine; in the tests others work beside us.
    assert.ok(median < 120, `${median} ms`);
  });
});

describe("kernel: life", () => {
  it("starts a fresh kernel, runs its first cell and exits with 0 when shut down", async () => {
    const started = performance.now();
    const kernel = await KernelClient.start();
    const answered = performance.now() - started;
    assert.equal(resultOf(await kernel.run("1 + 1"))["text/plain"], "2");
    console.log(
      `      answers after ${answered.toFixed(0)} ms, first cell after ${(performance.now() - started).toFixed(0)} ms`,
    );
    assert.equal(await kernel.close(), 0);
    assert.equal(kernel.native, "");
  });

  it("lets a cell save its work when shut down in its middle, and ends one that never looks up", async () => {
    const saving = await KernelClient.start();
    void saving.run(`
      const signal = (globalThis as any)[Symbol.for("latentlab.kernel")].signal;
      console.log("ready");
      while (!signal.aborted) await new Promise((r) => setTimeout(r, 5));
      require("node:fs").writeSync(1, "saved")`);
    await saving.prints("ready");
    assert.equal(await saving.close(), 0);
    assert.equal(saving.native, "saved");
    const blocked = await KernelClient.start();
    void blocked.run('console.log("ready"); for (;;);');
    await blocked.prints("ready");
    await blocked.close();
    assert.equal(blocked.process.signalCode, "SIGKILL");
  });
});
