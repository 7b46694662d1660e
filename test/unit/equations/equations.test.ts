import { strict as assert } from "node:assert";

import { equations } from "latentlab";

import { traceEquations } from "../../../scripts/equations/trace";
import { createProject } from "../../support/project";

const WHOLE = {
  "lib/objectives/elbo.ts": `
/**
 * The bound.
 *
 * @eq R.3  log p(x) ≥ …
 */
export function elbo(): number {
  return 1;
}
`,
  "test/unit/elbo.test.ts": `it("R.3 is below the evidence", () => {});`,
  "notebooks/src/01-vae.nb.ts": `// %% [markdown] equations="R.3"
// # The bound
// $$ a \\tag{R.3} $$
`,
};

function trace(changes: Readonly<Record<string, string>>): ReturnType<typeof traceEquations> {
  const project = createProject({ ...WHOLE, ...changes });
  try {
    return traceEquations(project.root, ["R.1", "R.2", "R.3", "R.A1"]);
  } finally {
    project.remove();
  }
}

describe("equation registry", () => {
  it("has the review's 25 equations, its algorithm and its table, each with title and formula", () => {
    const expected = Array.from({ length: 25 }, (_, i) => `R.${i + 1}`);
    const ids = Object.keys(equations.EQUATIONS).filter((id) => id.startsWith("R."));
    assert.deepEqual(ids, [...expected, "R.A1", "R.T1"]);
    for (const { title, latex } of Object.values<equations.Equation>(equations.EQUATIONS)) {
      assert.ok(title.length > 5 && latex.length > 5);
      const depth = [...latex.replace(/\\[{}]/g, "")].reduce(
        (sum, char) => sum + Number(char === "{") - Number(char === "}"),
        0,
      );
      assert.equal(depth, 0, `braces of ${title}`);
      assert.equal(latex.split("\\left").length, latex.split("\\right").length, title);
    }
  });

  it("knows its ids and their places in the paper", () => {
    assert.ok(equations.isEquationId("R.25"));
    assert.ok(!equations.isEquationId("R.26"));
    assert.ok(!equations.isEquationId("toString"));
    assert.match(equations.citation("R.3"), /^Sordo.* equation 3$/);
    assert.match(equations.citation("DDPM.7"), /^Ho.*2006\.11239, v2\), equation 7$/);
    assert.match(equations.citation("R.A1"), /algorithm 1$/);
    assert.match(equations.citation("R.T1"), /table 1$/);
  });
});

describe("npm run equations", () => {
  it("follows an equation from function to test to cell", () => {
    const { threads, problems } = trace({});
    assert.deepEqual(problems, []);
    assert.deepEqual(threads.get("R.3"), {
      functions: [{ id: "R.3", where: "lib/objectives/elbo.ts:7", what: "elbo" }],
      tests: [{ id: "R.3", where: "test/unit/elbo.test.ts:1", what: "R.3 is below the evidence" }],
      cells: [{ id: "R.3", where: "notebooks/src/01-vae.nb.ts:3", what: "The bound" }],
    });
    assert.deepEqual(threads.get("R.1"), { functions: [], tests: [], cells: [] });
  });

  it("reads tags of methods, classes and constants once each, and titles with several ids", () => {
    const lib = `
/** @eq R.1  a class */
export class A {
  /** @eq R.2  a method */
  step(): void {}
}
/** @eq R.A1  a constant */
export const a = 1, b = 2;
`;
    const test = `describe("R.1, R.2 and R.A1: all", () => { it(\`R.2 \${1}\`, () => {}); });`;
    const { threads } = trace({ "lib/a.ts": lib, "test/a.test.ts": test });
    const functions = ["R.1", "R.2", "R.A1"].map((id) => threads.get(id)?.functions);
    assert.deepEqual(
      functions.map((found) => found?.map(({ what }) => what)),
      [["A"], ["step"], ["a"]],
    );
    assert.deepEqual(
      ["R.1", "R.2", "R.A1"].map((id) => threads.get(id)?.tests.length),
      [1, 2, 1],
    );
  });

  it("fails on an unknown id: in a docstring, a title, a formula, a claim", () => {
    const unknown = {
      "lib/a.ts": "/** @eq R.99  x */\nexport function a(): void {}\n",
      "test/a.test.ts": `it("Q.4 is not there", () => {});`,
      "notebooks/src/02.nb.ts": `// %% [markdown] equations="R.77"\n// $$ x \\tag{R.88} $$\n`,
    };
    assert.deepEqual(trace(unknown).problems, [
      'lib/a.ts:2: unknown equation "R.99"',
      'test/a.test.ts:1: unknown equation "Q.4"',
      'notebooks/src/02.nb.ts:2: unknown equation "R.88"',
      'notebooks/src/02.nb.ts:1: unknown equation "R.77"',
    ]);
  });

  it("fails on a gap in what a notebook claims: function, test, formula", () => {
    const problem = (changes: Readonly<Record<string, string>>): string =>
      trace(changes).problems.join("\n");
    const claim = /01-vae\.nb\.ts:1: claims R\.3, but/;
    assert.match(problem({ "lib/objectives/elbo.ts": "" }), claim);
    assert.match(problem({ "lib/objectives/elbo.ts": "" }), /no function of lib has "@eq R\.3"/);
    assert.match(problem({ "test/unit/elbo.test.ts": "" }), /no test's title starts with "R\.3"/);
    const elsewhere = {
      "notebooks/src/01-vae.nb.ts": `// %% [markdown] equations="R.3"\n// # Nothing\n`,
      "notebooks/src/02.nb.ts": `// %% [markdown]\n// $$ x \\tag{R.3} $$\n`,
    };
    assert.match(problem(elsewhere), /no cell of it has \\tag\{R\.3\}/);
  });
});
