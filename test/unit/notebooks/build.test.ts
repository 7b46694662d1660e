import { strict as assert } from "node:assert";
import { existsSync, readFileSync, renameSync } from "node:fs";
import { join } from "node:path";

import {
  type BuiltNotebook,
  buildNotebooks,
  findDrift,
  typecheckNotebooks,
  writeNotebooks,
} from "../../../scripts/notebooks/build";
import type { Notebook } from "../../../scripts/notebooks/ipynb";
import { Library } from "../../../scripts/notebooks/library";
import { type Project, createProject } from "../../support/project";

const LIBRARY = {
  "lib/index.ts": `export * as core from "./core";\nexport * as shapes from "./shapes";\n`,
  "lib/core.ts": `
export type Size = number;
export function assertPositive(x: Size): void {
  if (!(x > 0)) throw new RangeError("not positive");
}
`,
  "lib/shapes.ts": `
import { type Size, assertPositive } from "./core";
import { hidden } from "./hidden";

const HALF = 0.5;

function half(x: number): number {
  return HALF * x;
}

/** Twice. */
export function twice(x: number): number {
  return 2 * x;
}

/**
 * Area of a triangle.
 *
 * @eq R.2  a = b h / 2
 */
export function triangle(base: Size, height: Size): { area: Size; twice: (x: Size) => Size } {
  assertPositive(base);
  const hidden = half(base * height); // a local name like that of an import
  return { area: hidden, twice };
}

export function secret(): number {
  return hidden();
}
`,
  "lib/hidden.ts": `export function hidden(): number {\n  return 7;\n}\n`,
};

const SOURCE = `// %% [markdown]
// # Triangles

// %%
import { core } from "latentlab";

// %% exercise="lib/shapes.ts#triangle" hint="Half of base times height."

// %%
const answer = await Promise.resolve(1);
answer;
`;

describe("notebooks from one source", () => {
  let project: Project;
  let library: Library;

  const build = (): Promise<BuiltNotebook[]> =>
    buildNotebooks(project.root, (path, where) => library.exercise(path, where));
  const read = (path: string): string => readFileSync(join(project.root, path), "utf8");
  const cellText = (notebook: BuiltNotebook | undefined, id: string): string =>
    notebook?.cells.find((cell) => cell.id === id)?.text ?? "no such cell";

  before(function () {
    this.timeout(60_000);
    project = createProject({ ...LIBRARY, "notebooks/src/03-area.nb.ts": SOURCE });
    library = new Library(project.root);
  });
  beforeEach(() => project.write("notebooks/src/03-area.nb.ts", SOURCE));
  after(() => project.remove());

  it("takes a function from the library: whole in the solution, a stub in the exercise", async () => {
    const [exercise, solution] = await build();
    assert.deepEqual(
      [exercise?.path, solution?.path],
      ["notebooks/03-area.ipynb", "solutions/03-area.ipynb"],
    );
    const shared = `import { shapes } from "latentlab";

const HALF = 0.5;

function half(x: number): number {
  return HALF * x;
}

/**
 * Area of a triangle.
 *
 * @eq R.2  a = b h / 2
 */
function triangle(
  base: core.Size,
  height: core.Size,
): { area: core.Size; twice: (x: core.Size) => core.Size } {
`;
    assert.equal(
      cellText(solution, "triangle"),
      `${shared}  core.assertPositive(base);
  const hidden = half(base * height); // a local name like that of an import
  return { area: hidden, twice: shapes.twice };
}`,
    );
    assert.equal(
      cellText(exercise, "triangle"),
      `${shared}  // Hint: Half of base times height.
  throw new Error("TODO: triangle");
}`,
    );
  });

  it("leaves out imports that an earlier cell has", async () => {
    const text = cellText((await build())[1], "triangle");
    assert.match(text, /^import \{ shapes \} from "latentlab";/);
  });

  it("refuses an exercise that is not there or needs what the package does not offer", () => {
    assert.throws(() => library.exercise("lib/none.ts#f", "a:1"), /a:1: there is no file/);
    assert.throws(() => library.exercise("lib/core.ts#f", "a:1"), /declares no function "f"/);
    assert.throws(() => library.exercise("lib/shapes.ts#secret", "a:1"), /uses hidden, which/);
  });

  it("writes nbformat 4.5 with sorted keys, no outputs and the same bytes each time", async () => {
    const [first, second] = [await build(), await build()];
    assert.deepEqual(
      first.map(({ text }) => text),
      second.map(({ text }) => text),
    );
    const text = first[0]?.text ?? "";
    const notebook = JSON.parse(text) as Notebook;
    assert.deepEqual([notebook.nbformat, notebook.nbformat_minor], [4, 5]);
    assert.deepEqual(Object.keys(notebook.cells[1] ?? {}), [
      "cell_type",
      "execution_count",
      "id",
      "metadata",
      "outputs",
      "source",
    ]);
    for (const cell of notebook.cells) assert.deepEqual(cell.outputs ?? [], []);
    assert.match(text, /"name": "latentlab"/);
    assert.ok(text.endsWith("}\n"));
  });

  it("puts difficulty, minutes and the number of exercises under the heading", async () => {
    const source = (attributes: string): string =>
      SOURCE.replace("[markdown]\n", `[markdown] ${attributes}\n`);
    project.write("notebooks/src/03-area.nb.ts", source('difficulty="2" minutes="45"'));
    const [exercise] = await build();
    const notebook = JSON.parse(exercise?.text ?? "") as Notebook;
    assert.equal(
      notebook.cells[0]?.source.join(""),
      "# Triangles\n\n**Difficulty** ●●○ · **Time** about 45 minutes · 1 exercise",
    );
    const { difficulty, minutes } = notebook.metadata["latentlab"] as Record<string, unknown>;
    assert.deepEqual([difficulty, minutes], [2, 45]);
    project.write("notebooks/src/03-area.nb.ts", source('difficulty="4" minutes="45"'));
    await assert.rejects(build(), /03-area\.nb\.ts:1.*difficulty="1", "2" or "3"/);
  });

  it("keeps the ids of cells when others come and go", async () => {
    const before = (await build())[0]?.cells.map(({ id }) => id) ?? [];
    project.write("notebooks/src/03-area.nb.ts", `// %% [markdown]\n// New.\n\n${SOURCE}`);
    const after = (await build())[0]?.cells.map(({ id }) => id) ?? [];
    assert.deepEqual(after.slice(1), before);
    assert.equal(new Set(after).size, after.length);
  });

  it("does not overwrite a learner's edits, unless forced; outputs are not edits", async () => {
    const path = "notebooks/03-area.ipynb";
    const built = await build();
    assert.deepEqual(writeNotebooks(project.root, built, false), []);
    const pristine = read(path);

    const executed = JSON.parse(pristine) as { cells: { outputs?: unknown[] }[] };
    executed.cells[1]?.outputs?.push({ output_type: "stream", name: "stdout", text: "hi" });
    project.write(path, JSON.stringify(executed));
    assert.deepEqual(writeNotebooks(project.root, built, false), []);
    assert.equal(read(path), pristine);

    const edited = pristine.replace('throw new Error(\\"TODO: triangle\\");', "return 1;");
    assert.notEqual(edited, pristine);
    project.write(path, edited);
    const [message = ""] = writeNotebooks(project.root, built, false);
    assert.match(message, /notebooks\/03-area\.ipynb holds edits .*--force/);
    assert.equal(read(path), edited);
    assert.deepEqual(writeNotebooks(project.root, built, true), []);
    assert.equal(read(path), pristine);
  });

  it("takes a file that it did not build, or cannot read, for a learner's", async () => {
    const built = await build();
    for (const text of ["", "{}", '{"cells": [], "metadata": {}}']) {
      project.write("notebooks/03-area.ipynb", text);
      assert.equal(writeNotebooks(project.root, built, false).length, 1, text);
    }
    writeNotebooks(project.root, built, true);
  });

  it("finds drift and notebooks that lost their source", async () => {
    writeNotebooks(project.root, await build(), true);
    assert.deepEqual(findDrift(project.root, await build()), []);

    project.write("notebooks/src/03-area.nb.ts", SOURCE.replace("Triangles", "Areas"));
    assert.equal(findDrift(project.root, await build()).length, 2);

    const source = join(project.root, "notebooks/src/03-area.nb.ts");
    renameSync(source, `${source}.gone`);
    assert.ok(!existsSync(source));
    assert.match(findDrift(project.root, await build()).join("\n"), /has lost its source/);
  });

  it("type-checks strictly, with the line of the source", async function () {
    this.timeout(60_000);
    const bad = `// %%\nconst f = (x) => x;\nconst word: string = await Promise.resolve(1);\nf(word);\n`;
    project.write("notebooks/src/03-area.nb.ts", bad);
    const messages = typecheckNotebooks(project.root, await build());
    const found = messages.map((message) => message.replace(/ .*/s, ""));
    assert.deepEqual(found.slice(0, 2), [
      "notebooks/src/03-area.nb.ts:2:",
      "notebooks/src/03-area.nb.ts:3:",
    ]);
    assert.match(messages.join(), /TS7006.*TS2322/s);
  });
});
