import { strict as assert } from "node:assert";

import { checks, core, results } from "latentlab";

import {
  type ExecutedCell,
  errorsIn,
  wrongRecaps,
  wrongSentences,
  wrongVerdicts,
} from "../../../scripts/notebooks/inspect";

function cell(id: string, ...outputs: NonNullable<ExecutedCell["outputs"]>): ExecutedCell {
  return { id, cell_type: "code", metadata: {}, outputs };
}

function verdict(exercise: string, status: checks.CheckStatus): ExecutedCell {
  const data = {
    [checks.CHECK_MIME]: { id: "R.2", exercise, status, passed: status === "passed" },
  };
  return cell(`check-${exercise}`, { output_type: "execute_result", data });
}

function exercise(name: string): ExecutedCell {
  return { ...cell(name), metadata: { latentlab: { exercise: `lib/a.ts#${name}` } } };
}

describe("what is looked for in an executed notebook", () => {
  it("errors: outputs and standard error, of cells and of the kernel", () => {
    const cells = [
      cell("a", { output_type: "stream", name: "stdout", text: "TypeError: only printed" }),
      cell("b", { output_type: "stream", name: "stderr", text: ["fine\n", "RangeError: x\n"] }),
      cell("c", { output_type: "error", ename: "TypeError", evalue: "no" }),
    ];
    assert.deepEqual(errorsIn({ cells }, "ok\n[UnhandledPromiseRejection]\n"), [
      "b: RangeError: x",
      "c: TypeError: no",
      "kernel: [UnhandledPromiseRejection]",
    ]);
    assert.deepEqual(errorsIn({ cells: cells.slice(0, 1) }, "a warning"), []);
  });

  it("verdicts: each exercise has one, and it is the right one", () => {
    const cells = [exercise("f"), verdict("f", "passed"), exercise("g"), verdict("g", "todo")];
    assert.deepEqual(wrongVerdicts({ cells }, "passed"), ["R.2 g is todo, not passed"]);
    assert.deepEqual(wrongVerdicts({ cells: cells.slice(0, 2) }, "passed"), []);
    assert.deepEqual(wrongVerdicts({ cells: cells.slice(0, 3) }, "passed"), ["g is not checked"]);
  });

  it("computed sentences: they show numbers, and nothing that was not computed", () => {
    const say = (text: string): ExecutedCell =>
      cell("verdict-elbo", { output_type: "stream", name: "stdout", text });
    assert.deepEqual(wrongSentences({ cells: [say("−105.2 nats")] }), []);
    assert.deepEqual(wrongSentences({ cells: [say("NaN nats")] }), ["verdict-elbo shows NaN"]);
    assert.deepEqual(wrongSentences({ cells: [say("good")] }), ["verdict-elbo shows no number"]);
    assert.deepEqual(wrongSentences({ cells: [cell("a")] }), ["there is no verdict cell"]);
    const data = { "text/markdown": ["**1.5**"] };
    const rich = cell("verdict-2", { output_type: "display_data", data });
    assert.deepEqual(wrongSentences({ cells: [rich] }), []);
  });

  it("a recap that says something else than the table of its notebook", () => {
    const scores = new results.Scores("05-test");
    const fid = { metric: "FID", better: "lower", n: 10, floor: 1, seed: 1, seconds: 1 } as const;
    scores.record({ ...fid, subject: "net", value: 3.25 });
    const shows = (id: string, shown: core.Displayable): ExecutedCell =>
      cell(id, { output_type: "execute_result", data: shown[core.DISPLAY]() as core.MimeBundle });
    const cells = [
      shows("scores", scores),
      shows("recap", scores.recap`The FID is ${scores.of("net", "FID")}.`),
    ];
    assert.deepEqual(wrongRecaps({ cells }), []);
    scores.record({ ...fid, subject: "net", value: 7.5 });
    assert.deepEqual(wrongRecaps({ cells: [...cells, shows("again", scores)] }), [
      'recap: it says "3.250"; the table says "7.500"',
    ]);
    assert.match(wrongRecaps({ cells: cells.slice(1) }).join(), /There is no FID of net/);
  });
});
