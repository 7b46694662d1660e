import assert from "node:assert/strict";

import { KernelClient } from "../support/kernel-client";

const REPEATS = 3;

/** Each loop counts in `count`, so that one that goes on in the background is seen. */
const LOOPS: Readonly<Record<string, string>> = {
  "a synchronous loop": "while (true) count++",
  "a synchronous loop after an await": "await 0; for (;;) count++",
  "an asynchronous loop": "while (true) { count++; await pause(2) }",
  "a loop awaiting only microtasks": "for (;;) { count++; await null }",
  "a loop over an async generator": "for await (const x of endless()) count += x",
  "an interval": "setInterval(() => count++, 1); await new Promise(() => undefined)",
  "file reads": 'while (true) { await readFile("package.json"); count++ }',
  "a loop that swallows errors": "for (;;) { try { count++; await pause(1) } catch {} }",
  "a function of another cell": "await countForever()",
  "a callback without a loop": "big.forEach(() => big.forEach(() => { count += 1 }))",
  "promise jobs without an await":
    "function job() { count++; Promise.resolve().then(job) }; job(); await new Promise(() => undefined)",
  "immediates without an await":
    "function turn() { count++; setImmediate(turn) }; turn(); await new Promise(() => undefined)",
};

const PROLOGUE = `
let count = 0;
import { readFile } from "node:fs/promises";
const pause = (ms: number) => new Promise((r) => setTimeout(r, ms));
async function* endless() { for (;;) { await pause(1); yield 1 } }
async function countForever() { for (;;) { count++; await pause(1) } }
const big = Array.from({ length: 20_000 }, (_, i) => i);
const host = (globalThis as any)[Symbol.for("latentlab.kernel")];`;

describe("kernel: interrupts", () => {
  let kernel: KernelClient;
  before(async () => {
    kernel = await KernelClient.start();
    const { reply } = await kernel.run(PROLOGUE);
    assert.equal(reply["status"], "ok", JSON.stringify(reply));
  });
  after(() => kernel.close());

  /** @returns milliseconds from the press to the end of the cell. */
  async function interruptAfter(ms: number, code: string): Promise<number> {
    const running = kernel.run(code);
    await new Promise((resolve) => setTimeout(resolve, ms));
    const pressed = performance.now();
    await kernel.interrupt();
    const { reply } = await running;
    assert.equal(reply["status"], "error");
    assert.equal(reply["ename"], "KeyboardInterrupt");
    return performance.now() - pressed;
  }

  async function count(): Promise<number> {
    const { reply } = await kernel.run("0", { user_expressions: { count: "count" } });
    const { count } = reply["user_expressions"] as { count: { data: Record<string, string> } };
    return Number(count.data["text/plain"]);
  }

  for (const [name, code] of Object.entries(LOOPS)) {
    it(`stops ${name} at once and for good`, async () => {
      const times: number[] = [];
      for (let i = 0; i < REPEATS; i++) times.push(await interruptAfter(200, code));
      const stopped = await count();
      await new Promise((resolve) => setTimeout(resolve, 100));
      assert.equal(await count(), stopped, "it goes on in the background");
      assert.ok(stopped > 0, "the loop has run");
      console.log(`      ${times.map((time) => time.toFixed(0)).join(", ")} ms`);
      // 0.3 s is the aim; the rest is for a machine that is busy with other suites.
      assert.ok(Math.min(...times) < 500 && Math.max(...times) < 1_500, `${times.join(", ")} ms`);
    });
  }

  it("runs the finally blocks of a stopped loop, and closes its generator", async () => {
    await kernel.run(`
      const closed: string[] = [];
      async function* source() { try { for (;;) { await pause(5); yield 1 } } finally { closed.push("generator") } }`);
    await interruptAfter(
      150,
      'try { for await (const x of source()) count += x } finally { closed.push("cell") }',
    );
    const { stdout } = await kernel.run("console.log(closed.sort().join())");
    assert.equal(stdout, "cell,generator\n");
  });

  it("gives a loop that watches the signal the time to end its step and save", async () => {
    await kernel.run("let saved = 0");
    const time = await interruptAfter(
      150,
      `
      while (!host.signal.aborted) await pause(300);
      await pause(200);
      saved = 1;`,
    );
    assert.ok(time > 200, `${time} ms`);
    assert.equal((await kernel.run("console.log(saved)")).stdout, "1\n");
  });

  it("stops a loop that reads the signal but ignores it, at once at the second press", async () => {
    const running = kernel.run("for (;;) { host.signal; await pause(5) }");
    await new Promise((resolve) => setTimeout(resolve, 150));
    await kernel.interrupt();
    await new Promise((resolve) => setTimeout(resolve, 300));
    const pressed = performance.now();
    await kernel.interrupt();
    assert.equal((await running).reply["ename"], "KeyboardInterrupt");
    assert.ok(performance.now() - pressed < 1_000);
  });

  it("drops waiting cells", async () => {
    const runs = [kernel.run("for (;;) await pause(5)"), kernel.run("count = -1"), kernel.run("2")];
    await new Promise((resolve) => setTimeout(resolve, 200));
    await kernel.interrupt();
    const statuses = (await Promise.all(runs)).map(({ reply }) => reply["status"]);
    assert.deepEqual(statuses, ["error", "aborted", "aborted"]);
    assert.notEqual(await count(), -1);
  });

  it("stops a loop that an ended cell left in the background, when none is running", async () => {
    await kernel.run("void countForever(); 0");
    const before = await count();
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.ok((await count()) > before);
    await kernel.interrupt();
    const stopped = await count();
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.equal(await count(), stopped);
  });

  it("stops a cell that prints without end, and shows nothing more of it", async () => {
    const time = await interruptAfter(200, "for (let i = 0; ; i++) console.log(i)");
    assert.ok(time < 1_500, `${time} ms`);
    assert.equal((await kernel.run('console.log("quiet")')).stdout, "quiet\n");
  });

  it("leaves a cell alone that comes after a press with nothing to stop", async () => {
    await kernel.interrupt();
    assert.equal(
      (await kernel.run("for (let i = 0; i < 1e5; i++) count++; 1")).reply["status"],
      "ok",
    );
  });
});
