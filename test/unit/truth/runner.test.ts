import { strict as assert } from "node:assert";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { core, tf } from "latentlab";

import { readTruth, type TruthCase } from "../../truth/format";
import { reportTruth } from "../../truth/report";
import { type Mapping, runCase, type Verdict } from "../../truth/run";

const tol = { f64: [1e-9, 0], f32: [1e-4, 0] } as const;

/** y = 2x; a known mistake is y = x². */
const DOUBLING: TruthCase = {
  id: "99-toy/doubling-T2",
  level: "core",
  inputs: { x: { shape: [2], data: [1.5, 3] } },
  expected: {
    y: { shape: [2], data: [3, 6], tol },
    y_nchw: { shape: [2], data: [3, 6], tol },
    y_nhwc: { shape: [2], data: [3, 6], tol },
  },
  decoys: { squared: { of: "y", why: "squared instead of doubled", shape: [2], data: [2.25, 9] } },
};

type Judged = Exclude<Verdict, { readonly kind: "not built" }>;

async function judge(mapping: Mapping): Promise<Judged> {
  const verdict = await runCase(DOUBLING, { "doubling-*": mapping });
  if (verdict.kind === "not built") throw new Error("the mapping was not found");
  return verdict;
}

describe("truth runner", () => {
  it("passes a right answer and counts one of two layouts as the whole", async () => {
    const verdict = await judge((inputs) => {
      const y = inputs.tensor("x").mul(2);
      return { y: inputs.array("x").map((x) => 2 * x), y_nhwc: y };
    });
    assert.deepEqual(verdict, {
      kind: "pass",
      compared: 2,
      missing: [],
      unknown: [],
      problems: [],
    });
  });

  it("says which outputs are missing and which do not exist", async () => {
    const { kind, missing, unknown } = await judge(() => ({ y: [3, 6], z: [1] }));
    assert.deepEqual([kind, missing, unknown], ["pass", ["y_nhwc"], ["z"]]);
  });

  it("fails a wrong answer with its worst error", async () => {
    const { kind, problems } = await judge(() => ({ y: [3, 6.25] }));
    assert.equal(kind, "fail");
    assert.deepEqual(problems, ["y: element 1 is 6.25 instead of 6, off by 2.5e-1"]);
  });

  it("does not let errors of opposite sign cancel", async () => {
    assert.equal((await judge(() => ({ y: [3.25, 5.75] }))).kind, "fail");
  });

  it("names the mistake when the answer is a decoy's", async () => {
    const { problems } = await judge((inputs) => ({ y: inputs.tensor("x").square() }));
    assert.match(problems.join(), /the mistake: squared instead of doubled/);
  });

  it("holds host numbers to the double tolerance, tensors to the single one", async () => {
    const off = [3 + 1e-6, 6];
    assert.equal((await judge(() => ({ y: off }))).kind, "fail");
    assert.equal((await judge(() => ({ y: tf.tensor1d(off) }))).kind, "pass");
  });

  for (const [what, y] of [
    ["NaN", [NaN, 6]],
    ["an infinity", [Infinity, 6]],
    ["too few values", [3]],
    ["no values", []],
    ["too many values", [3, 6, 6]],
  ] as const) {
    it(`fails ${what}`, async () => {
      assert.equal((await judge(() => ({ y }))).kind, "fail");
    });
  }

  it("fails a tensor of another shape", async () => {
    const { problems } = await judge(() => ({ y: tf.tensor2d([[3, 6]]) }));
    assert.deepEqual(problems, ["y: shape [1,2] instead of [2]"]);
  });

  it("fails a mapping that throws, or reads an input that is not there", async () => {
    const { problems } = await judge((inputs) => ({ y: inputs.array("t") }));
    assert.match(problems.join(), /threw DataFormatError: This case has no input t/);
  });

  it("finds a mapping by pattern, and takes a case without one as not built", async () => {
    const right: Mapping = () => ({ y: [3, 6] });
    const patterns = ["doubling-T2", "doubling-*", "*", "doubling", "doubling-T", "oubling-*"];
    const verdicts = patterns.map((pattern) => runCase(DOUBLING, { [pattern]: right }));
    const kinds = (await Promise.all(verdicts)).map(({ kind }) => kind);
    assert.deepEqual(kinds, ["pass", "pass", "pass", "not built", "not built", "not built"]);
  });

  it("takes a mapping without a known output as not built", async () => {
    const { kind } = await runCase(DOUBLING, { "*": () => ({ other: [3] }) });
    assert.equal(kind, "not built");
  });

  it("counts what it prints", async () => {
    const topics = [{ topic: "99-toy", cases: [DOUBLING, { ...DOUBLING, id: "99-toy/other" }] }];
    const report = await reportTruth(topics, { "99-toy": { "doubling-*": () => ({ y: [0, 0] }) } });
    assert.deepEqual([report.passed, report.failed, report.notBuilt], [0, 1, 1]);
    assert.match(report.lines.join("\n"), /^fail .*doubling-T2[^]*not built yet .*other/);
  });
});

describe("readTruth", () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "truth-"))));
  afterEach(() => rmSync(folder, { recursive: true }));

  function write(document: unknown): void {
    writeFileSync(join(folder, "99-toy.json"), JSON.stringify(document));
  }

  it("reads numbers that JSON cannot write", () => {
    const y = { shape: [3], data: ["Infinity", "-Infinity", 1], tol };
    const cases = [{ id: "99-toy/a", level: "core", inputs: {}, expected: { y } }];
    write({ format: "genimage-truth/1", topic: "99-toy", cases });
    const data = readTruth(folder)[0]!.cases[0]!.expected["y"]!.data;
    assert.deepEqual(data, [Infinity, -Infinity, 1]);
  });

  it("refuses an empty folder, another format and a tensor that does not fill its shape", () => {
    assert.throws(() => readTruth(folder), core.DataMissingError);
    assert.throws(() => readTruth(join(folder, "absent")), core.DataMissingError);
    write({ format: "other/1", topic: "99-toy", cases: [] });
    assert.throws(() => readTruth(folder), core.DataFormatError);
    const inputs = { x: { shape: [2], data: [1] } };
    const cases = [{ id: "99-toy/a", level: "core", inputs, expected: {} }];
    write({ format: "genimage-truth/1", topic: "99-toy", cases });
    assert.throws(() => readTruth(folder), /x has 1 values for shape \[2\]/);
    writeFileSync(join(folder, "99-toy.json"), "{");
    assert.throws(() => readTruth(folder), /is not JSON/);
  });
});
