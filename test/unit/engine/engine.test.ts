import { strict as assert } from "node:assert";
import { spawnSync } from "node:child_process";

import { engine, tf } from "latentlab";

describe("restoreUtilPredicates", () => {
  it("gives a util module without the predicates, as Node 23 has it, working ones", () => {
    const util: Record<string, (value: unknown) => boolean> = {};
    engine.restoreUtilPredicates(util);
    const values = [null, undefined, 0, "", [], {}];
    assert.deepEqual(
      values.map((value) => util["isNullOrUndefined"]!(value)),
      [true, true, false, false, false, false],
    );
    assert.deepEqual(
      values.map((value) => util["isArray"]!(value)),
      [false, false, false, false, true, false],
    );
  });

  it("lets TensorFlow load and run without a deprecation warning, also where they are removed", () => {
    const script = `
      delete require("node:util").isNullOrUndefined;
      const { tf } = require("latentlab");
      console.log(tf.topk(tf.tensor1d([3, 1, 2]), 2).values.arraySync().join());`;
    const { stdout, stderr } = spawnSync(process.execPath, ["-e", script], { encoding: "utf8" });
    assert.equal(stdout.trim(), "3,2");
    assert.doesNotMatch(stderr, /DeprecationWarning|TypeError/);
  });
});

describe("engine", () => {
  it("reports device, reason and versions", () => {
    const report = engine.deviceReport();
    assert.match(report.device, /^(cpu|gpu)$/);
    assert.ok(report.reason.length > 0);
    assert.match(report.tensorflow, /^2\.\d+\.\d+/);
    assert.equal(report.tfjs, "4.22.0");
    assert.equal(report.node, process.versions.node);
  });

  it("takes the number of threads from LATENTLAB_THREADS", () => {
    const script = `console.log(require("latentlab").engine.deviceReport().threads)`;
    const env = { ...process.env, LATENTLAB_THREADS: "1" };
    const { stdout } = spawnSync(process.execPath, ["-e", script], { encoding: "utf8", env });
    assert.equal(stdout.trim(), "1");
  });

  it("reports memory: a float32 tensor of 1000 elements is 4000 bytes", () => {
    const before = engine.memoryReport();
    const tensor = tf.zeros([1000]);
    const after = engine.memoryReport();
    tensor.dispose();
    assert.equal(after.numTensors - before.numTensors, 1);
    assert.equal(after.tensorBytes - before.tensorBytes, 4000);
    assert.ok(after.residentBytes > 50e6);
  });
});
