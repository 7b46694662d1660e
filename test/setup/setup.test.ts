import { strict as assert } from "node:assert";
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { ADDON, FakeCourse, outcomeOf, REPOSITORY } from "./fake-course";

const isLinuxX64 = process.platform === "linux" && process.arch === "x64";

describe("set-up", function () {
  let course: FakeCourse;
  beforeEach(() => (course = new FakeCourse()));
  afterEach(() => course.remove());

  /** Everything that set-up makes is there and whole. */
  function assertWhole(): void {
    const real = readFileSync(join(REPOSITORY, ADDON));
    assert.ok(readFileSync(join(course.root, ADDON)).equals(real), "the addon is whole");
    const environment = ".latentlab/python";
    const digits = "lib/python3.12/site-packages/sklearn/datasets/data/digits.csv.gz";
    assert.equal(course.read(join(environment, digits)), "all of it");
    const first = course.read(join(environment, "bin/jupyter"));
    assert.equal(first, `#!${course.root}/.latentlab/python/bin/python\n`);
    assert.equal(course.read("lib/dist/index.js"), "all of it");
    assert.equal(course.read("kernel/dist/main.js"), "all of it");
    const spec = course.json(`${environment}/share/jupyter/kernels/latentlab/kernel.json`);
    assert.deepEqual((spec as { argv: string[] }).argv, [
      process.execPath,
      "--no-force-async-hooks-checks",
      join(course.root, "kernel/dist/main.js"),
      "{connection_file}",
    ]);
    assert.deepEqual(course.leftovers(), []);
  }

  it("sets a folder up once, with its steps numbered and timed, and then skips all", async () => {
    const first = await course.run();
    assert.equal(first.code, 0, first.output);
    assertWhole();
    assert.match(
      first.output,
      /\[1\/8\] Machine +\d+\.\d s {2}Node .*Python 3\.12\.1, fake c\+\+ 1\.0/,
    );
    assert.match(first.output, /\[8\/8\] Device +\d+\.\d s {2}training runs on CPU, \d+ threads: /);
    course.forgetWork();
    const second = await course.run();
    assert.equal(second.code, 0, second.output);
    assert.deepEqual(course.work(), []);
  });

  it("keeps its Python environment when the shell has another Python", async () => {
    await course.run();
    course.forgetWork();
    assert.equal((await course.run({ FAKE_PYTHON: "3.13.0" })).code, 0);
    assert.deepEqual(course.work(), []);
  });

  it("makes again only what a change touches", async () => {
    await course.run();
    course.forgetWork();
    course.write("lib/index.ts", "export const changed = 1;");
    await course.run();
    const projects = ["lib", "kernel"].map((name) => join(course.root, name)).join(" ");
    assert.deepEqual(course.work(), [`tsc -b ${projects}`]);
  });

  for (const point of ["npm", "venv", "pip", "tensorflow", "compiler", "tsc"]) {
    it(`goes on after a kill -9 during ${point}, ending the tool that was left`, async () => {
      await course.killAt(point);
      assert.ok(!course.has(ADDON) || point === "tsc", "no addon before its time");
      const orphan = Number(course.read("reached"));
      assert.doesNotThrow(() => process.kill(orphan, 0), "the tool outlives a killed set-up");
      const again = await course.run();
      assert.equal(again.code, 0, again.output);
      assertWhole();
      assert.ok(isGone(orphan), "the orphan was ended");
      if (point === "tsc") assert.match(course.work().at(-1) ?? "", / --force$/);
      const npmRuns = course.work().filter((call) => call.startsWith("npm ci")).length;
      assert.equal(npmRuns, point === "npm" ? 2 : 1, "finished steps are not repeated");
    });
  }

  it("does not trust packages that a killed npm may have left half written", async () => {
    await course.run();
    course.write(".latentlab/stamps/node-packages.json", { state: "started" });
    course.forgetWork();
    assert.equal((await course.run()).code, 0);
    assert.match(course.work()[0] ?? "", /^npm ci /);
  });

  it("takes packages that a person's own npm install brought", async () => {
    await course.run();
    course.write("package.json", { devDependencies: { typescript: "5.9.3" }, name: "changed" });
    course.forgetWork();
    assert.equal((await course.run()).code, 0);
    assert.deepEqual(course.work(), []);
    course.write("package-lock.json", {
      packages: { "node_modules/tslab": { version: "1.0.23" } },
    });
    await course.run();
    assert.match(course.work()[0] ?? "", /^npm ci /);
  });

  it("F27 needs no home folder that can be written to", async () => {
    const { code, output } = await course.run({ HOME: join(course.root, "nowhere") });
    assert.equal(code, 0, output);
    const cache = ` --cache=${join(course.root, ".latentlab", "npm-cache")}`;
    assert.ok(course.work()[0]?.includes(cache), course.work()[0]);
    assert.ok(!course.has("nowhere"));
  });

  it("goes on after a kill between the two renames of a folder", async () => {
    await course.run();
    const { renameSync } = await import("node:fs");
    renameSync(join(course.root, ".latentlab/python"), join(course.root, ".latentlab/python.old"));
    assert.equal((await course.run()).code, 0);
    assertWhole();
  });

  it("keeps the old addon while a new one does not compile or does not load", async () => {
    await course.run();
    course.addProgram("c++", 'case "$1" in --version) echo "other c++ 2";; *) exit 1;; esac');
    const failed = await course.run();
    assert.equal(failed.code, 1);
    assert.match(failed.output, /native engine could not be compiled.*\n {2}Fix: /);
    course.addTool("c++", "compiler");
    course.write("node_modules/@tensorflow/tfjs-node-gpu/binding/tfjs_backend.cc", "changed");
    const unloadable = await course.run({ FAKE_ADDON: "broken" });
    assert.equal(unloadable.code, 1);
    assert.match(unloadable.output, /does not load/);
    const real = readFileSync(join(REPOSITORY, ADDON));
    assert.ok(readFileSync(join(course.root, ADDON)).equals(real));
  });

  it("takes over the lock of a dead process, and of a process whose id another one has now", async () => {
    const reused = `${process.pid} 1`;
    for (const stale of ["999999999 12345", "garbage", "", ...(isLinuxX64 ? [reused] : [])]) {
      course.write(".latentlab/setup.lock", stale);
      const { code, output } = await course.run();
      assert.equal(code, 0, `lock ${JSON.stringify(stale)}: ${output}`);
      assert.doesNotMatch(output, /waiting/);
      assert.deepEqual(course.leftovers(), []);
    }
  });

  it("lets several set-ups of one folder do the work once", async () => {
    const outcomes = await Promise.all([1, 2, 3].map(() => outcomeOf(course.start())));
    assert.deepEqual(
      outcomes.map(({ code }) => code),
      [0, 0, 0],
    );
    const waited = outcomes.filter(({ output }) => /Another set-up \(process \d+\)/.test(output));
    assert.ok(waited.length >= 1 && waited.length <= 2, `${waited.length} waited`);
    assert.equal(course.work().filter((call) => call.startsWith("npm ci")).length, 1);
    assertWhole();
  });

  it("leaves nothing running and no lock when it is interrupted", async () => {
    const child = course.start({ FAKE_HANG: "pip" });
    const ended = outcomeOf(child);
    while (!course.has("reached")) await new Promise((resolve) => setTimeout(resolve, 20));
    child.kill("SIGINT");
    assert.equal((await ended).code, 130);
    assert.ok(!course.has(".latentlab/setup.lock"));
    const tool = Number(course.read("reached"));
    for (let turns = 0; !isGone(tool) && turns < 50; turns++)
      await new Promise((resolve) => setTimeout(resolve, 20));
    assert.ok(isGone(tool));
  });
});

/** Whether a process has ended; one that nobody has waited for yet counts as ended. */
function isGone(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return / Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return true;
  }
}
