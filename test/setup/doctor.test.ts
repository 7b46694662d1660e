import { strict as assert } from "node:assert";

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
  before(async () => {
    course = new FakeCourse();
    const { code, output } = await course.run();
    assert.equal(code, 0, output);
    // A library that answers like the compiled one.
    const engine = `exports.deviceReport = () => ({ device: "cpu", threads: 0 });`;
    const tf = `exports.tf = { tensor: () => ({ sum: () => ({ dataSync: () => [3] }) }) };`;
    course.write("lib/dist/engine/index.js", engine);
    course.write("lib/dist/engine/tf.js", tf);
  });
  after(() => course.remove());

  async function examine(): Promise<{ code: number | null; report: Report }> {
    const { code, output } = await course.run({}, { script: "doctor.mjs", args: ["--json"] });
    return { code, report: JSON.parse(output) as Report };
  }

  function broken(report: Report): string[] {
    return report.findings.filter(({ state }) => state === "broken").map(({ name }) => name);
  }

  it("finds nothing broken after set-up, with versions, device and places", async () => {
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

  const faults: [string, string, string][] = [
    ["Addon", "a missing addon", ADDON],
    ["libtensorflow", "a missing library", ".latentlab/tensorflow-cpu"],
    ["Device", "a missing note", ".latentlab/engine.json"],
    ["Kernelspec", "a missing kernelspec", ".latentlab/python/share"],
    ["Kernel", "a kernel that is not compiled", "kernel/dist"],
    ["JupyterLab", "a missing environment", ".latentlab/python"],
    ["Library", "a library that does not load", "lib/dist"],
    ["tslab", "a missing package", "node_modules/tslab"],
    ["Digits 8x8", "missing digits", ".latentlab/python/lib"],
    ["C++ compiler", "a missing compiler", "bin/c++"],
  ];
  for (const [name, fault, path] of faults) {
    it(`names ${fault} and its fix, with exit code 1`, async () => {
      const { code, report } = await course.without(path, examine);
      assert.equal(code, 1);
      assert.equal(report.healthy, false);
      assert.ok(broken(report).includes(name), `broken: ${broken(report).join(", ")}`);
      for (const finding of report.findings)
        assert.equal(finding.fix !== undefined, finding.state === "broken", finding.name);
    });
  }

  it("names an addon that is there but does not load", async () => {
    const { code, report } = await course.without(ADDON, () => {
      course.write(ADDON, "half");
      return examine();
    });
    assert.equal(code, 1);
    const addon = report.findings.find(({ name }) => name === "Addon");
    assert.match(addon?.value ?? "", /^does not load: /);
  });

  it("prints a line per finding for people", async () => {
    const { code, output } = await course.without(ADDON, () =>
      course.run({}, { script: "doctor.mjs", args: [] }),
    );
    assert.equal(code, 1);
    assert.match(output, /^✓ Node {15}/m);
    assert.match(output, /^✗ Addon .*missing: .*\n {21}Fix: run `npm run setup`/m);
  });
});
