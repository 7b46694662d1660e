import { strict as assert } from "node:assert";
import { rmSync } from "node:fs";
import { join } from "node:path";

import { ADDON, FakeCourse } from "./fake-course";

interface Report {
  readonly healthy: boolean;
  readonly findings: readonly {
    readonly name: string;
    readonly state: "ok" | "broken" | "absent";
    readonly value: string;
    readonly fix?: string;
  }[];
}

describe("the doctor", function () {
  let course: FakeCourse;
  beforeEach(() => (course = new FakeCourse()));
  afterEach(() => course.remove());

  async function examine(): Promise<{ code: number | null; report: Report }> {
    const { code, output } = await course.run({}, { script: "doctor.mjs", args: ["--json"] });
    return { code, report: JSON.parse(output) as Report };
  }

  function broken(report: Report): string[] {
    return report.findings.filter(({ state }) => state === "broken").map(({ name }) => name);
  }

  /** A library that answers like the compiled one. */
  function addLibrary(): void {
    course.write(
      "lib/dist/engine/index.js",
      `exports.deviceReport = () => ({ device: "cpu", threads: 0 });`,
    );
    course.write(
      "lib/dist/engine/tf.js",
      `exports.tf = { tensor: () => ({ sum: () => ({ dataSync: () => [3] }) }) };`,
    );
  }

  it("finds nothing broken after set-up, with versions, device and places", async () => {
    await course.run();
    addLibrary();
    const { code, report } = await examine();
    assert.deepEqual(broken(report), []);
    assert.equal(code, 0);
    assert.equal(report.healthy, true);
    const values = Object.fromEntries(report.findings.map(({ name, value }) => [name, value]));
    assert.equal(values["Node"], process.versions.node);
    assert.equal(values["npm"], "10.0.0");
    assert.match(values["Python"] ?? "", /^3\.12\.1 /);
    assert.equal(values["C++ compiler"], "fake c++ 1.0");
    assert.equal(values["tslab"], "1.0.22");
    assert.equal(values["tfjs"], "4.22.0");
    assert.equal(values["TypeScript"], "5.9.3");
    assert.match(values["Device"] ?? "", /^cpu, CPU, \d+ threads: /);
    assert.match(values["libtensorflow"] ?? "", /^2\.21\.0, .*tensorflow-cpu/);
    assert.match(values["Addon"] ?? "", /^loads TensorFlow 2\.21\.0, /);
  });

  const faults: [string, string, () => void][] = [
    ["Addon", "a missing addon", () => remove(ADDON)],
    ["Addon", "a damaged addon", () => course.write(ADDON, "half")],
    ["libtensorflow", "a missing library", () => remove(".latentlab/tensorflow-cpu")],
    ["Device", "a missing note", () => remove(".latentlab/engine.json")],
    ["Kernelspec", "a missing kernelspec", () => remove(".latentlab/python/share")],
    ["Kernel", "a kernel that is not compiled", () => remove("kernel/dist")],
    ["JupyterLab", "a missing environment", () => remove(".latentlab/python")],
    ["Library", "a library that does not load", () => remove("lib/dist")],
    ["tslab", "a missing package", () => remove("node_modules/tslab")],
    ["Digits 8x8", "missing digits", () => remove(".latentlab/python/lib")],
    ["C++ compiler", "a missing compiler", () => course.removeTool("c++")],
  ];
  for (const [name, fault, damage] of faults) {
    it(`names ${fault} and its fix, with exit code 1`, async () => {
      await course.run();
      addLibrary();
      damage();
      const { code, report } = await examine();
      assert.equal(code, 1);
      assert.equal(report.healthy, false);
      assert.ok(broken(report).includes(name), `broken: ${broken(report).join(", ")}`);
      for (const finding of report.findings)
        assert.equal(finding.fix !== undefined, finding.state === "broken", finding.name);
    });
  }

  it("prints a line per finding for people", async () => {
    await course.run();
    remove(ADDON);
    const { code, output } = await course.run({}, { script: "doctor.mjs", args: [] });
    assert.equal(code, 1);
    assert.match(output, /^✓ Node {15}/m);
    assert.match(output, /^✗ Addon .*missing: .*\n {21}Fix: run `npm run setup`/m);
  });

  function remove(path: string): void {
    rmSync(join(course.root, path), { recursive: true, force: true });
  }
});
