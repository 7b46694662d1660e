import { strict as assert } from "node:assert";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { classroomTools } from "../../scripts/classroom";
import type { Notebook } from "../../scripts/notebooks/ipynb";
import { parsePercent } from "../../scripts/notebooks/percent";

const EXERCISE = "notebooks/00-start.ipynb";

/** Read and write as Jupyter does. */
const SAVE_AGAIN = `
import sys, nbformat
nbformat.write(nbformat.read(sys.argv[1], as_version=4), sys.argv[2])
`;

describe("files of notebooks in other people's tools", function () {
  this.timeout(300_000);
  let bin: string;
  let folder: string;

  before(async () => {
    bin = await classroomTools();
    folder = mkdtempSync(join(tmpdir(), "latentlab-files-"));
  });
  after(() => rmSync(folder, { recursive: true }));

  const run = (program: string, ...args: string[]): string =>
    execFileSync(join(bin, program), args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });

  for (const name of readdirSync("notebooks/src").filter((file) => file.endsWith(".nb.ts"))) {
    it(`jupytext opens ${name} with the same cells`, () => {
      const source = join("notebooks/src", name);
      const file = join(folder, `${name}.ipynb`);
      run("jupytext", "--to", "ipynb", "--output", file, source);
      const opened = JSON.parse(readFileSync(file, "utf8")) as Notebook;
      const cells = opened.cells.map(({ cell_type: kind, source: text }) => ({
        kind,
        text: [text].flat().join("").trim(),
      }));
      // What stands before the first marker is a cell of its own to jupytext.
      const ours = parsePercent(source, readFileSync(source, "utf8"));
      assert.deepEqual(
        cells.slice(-ours.length),
        ours.map(({ kind, text }) => ({ kind, text })),
      );
    });
  }

  it("Jupyter saves a built notebook byte by byte as it was", () => {
    const saved = join(folder, "saved.ipynb");
    run("python", "-c", SAVE_AGAIN, EXERCISE, saved);
    assert.equal(readFileSync(saved, "utf8"), readFileSync(EXERCISE, "utf8"));
  });

  it("a learner's notebook differs by what was written, with outputs or without", () => {
    const notebook = JSON.parse(readFileSync(EXERCISE, "utf8")) as Notebook;
    const saved = (cells: readonly unknown[]): string => {
      const file = join(folder, "edited.ipynb");
      writeFileSync(file, JSON.stringify({ ...notebook, cells }));
      run("python", "-c", SAVE_AGAIN, file, file);
      return file;
    };
    const answered = notebook.cells.map(({ source, ...cell }) => ({
      ...cell,
      source: source.map((line) => line.replace(/throw new Error\("TODO: standard.*;/, "PLANTED;")),
    }));
    assert.deepEqual(changedLines(saved(answered)), [
      '-    "  throw new Error(\\"TODO: standardNormalLogDensity\\");\\n",',
      '+    "  PLANTED;\\n",',
    ]);
    const output = { output_type: "stream", name: "stdout", text: ["1\n"] };
    const executed = answered.map((cell) =>
      cell.cell_type === "code" ? { ...cell, outputs: [output], execution_count: 7 } : cell,
    );
    const difference = diff(() => run("nbdiff", "--no-color", "-s", EXERCISE, saved(executed)));
    assert.match(difference, /PLANTED/);
    assert.equal(difference.match(/^## /gm)?.length, 1, difference);
    assert.ok(!/stdout|execution_count/.test(difference));
  });

  function changedLines(file: string): string[] {
    const args = ["diff", "--no-index", "--unified=0", EXERCISE, file];
    const text = diff(() => execFileSync("git", args, { encoding: "utf8", stdio: "pipe" }));
    return text.split("\n").filter((line) => /^[-+](?![-+])/.test(line));
  }
});

/** Programs that compare end with 1 when there is a difference. */
function diff(run: () => string): string {
  try {
    return run();
  } catch (error) {
    const { status, stdout } = error as { status: number; stdout: string };
    if (status === 1) return stdout;
    throw error;
  }
}
