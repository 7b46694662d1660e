import { strict as assert } from "node:assert";
import { existsSync, readdirSync, rmSync, statSync } from "node:fs";
import { join, resolve } from "node:path";

import { buildNotebooks, findDrift, typecheckNotebooks } from "../../scripts/notebooks/build";
import { Library } from "../../scripts/notebooks/library";
import { writeKernelspec } from "../../scripts/notebooks/kernelspec";
import {
  errorsIn,
  wrongRecaps,
  wrongSentences,
  wrongVerdicts,
} from "../../scripts/notebooks/inspect";
import { type Run, executedPath, runNotebook } from "../../scripts/notebooks/run";

const SECONDS_PER_CELL = 180;
/** Seconds of the quick profile, on two cores: to the first figure and in all. */
const LIMITS = { toFigure: 60, inAll: 180 };
/** Of the first notebook, which must keep nobody waiting. */
const FIRST_LIMITS = { toFigure: 15, inAll: 40 };
/** When saved; those that end with dashboards and nothing heavier keep to the first. */
const MEGABYTES = { light: 1, others: 3 };
const LIGHT = /\/0[01]-/;

/** Where notebooks lie, the verdict that each of their checks must give, and how they are run. */
const FOLDERS = [
  { folder: "solutions", status: "passed", isReadOnly: false },
  { folder: "notebooks", status: "todo", isReadOnly: true },
] as const;

function notebooksIn(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder).filter((name) => name.endsWith(".ipynb"));
  return names.sort().map((name) => `${folder}/${name}`);
}

/** Everything in the checkout that a notebook could write to, with time and size. */
function snapshot(): string[] {
  const skipped = /^(node_modules|\.git|\.build|\.latentlab|datasets\/cache)(\/|$)/;
  return readdirSync(".", { recursive: true, encoding: "utf8" })
    .filter((path) => !skipped.test(path) && existsSync(path))
    .map((path) => ({ path, stat: statSync(path) }))
    .filter(({ stat }) => stat.isFile())
    .map(({ path, stat }) => `${path} ${stat.size} ${stat.mtimeMs}`)
    .sort();
}

function report({ seconds, kernelSeconds, firstFigureSeconds, cells, bytes }: Run): void {
  const kilobytes = Math.round(bytes / 1000);
  console.log(
    `      ${seconds} s in all, kernel after ${kernelSeconds} s, ` +
      `first figure after ${firstFigureSeconds} s, ${kilobytes} kB`,
  );
  for (const cell of cells)
    console.log(`        ${cell.seconds.toFixed(1).padStart(6)} s  ${cell.id}`);
}

describe("committed notebooks", () => {
  it("are what their sources give, and pass the strict type check", async () => {
    const root = resolve(".");
    const library = new Library(root);
    const built = await buildNotebooks(root, (path, where) => library.exercise(path, where));
    assert.ok(built.length > 0, "there is no notebook");
    assert.deepEqual(typecheckNotebooks(root, built), []);
    assert.deepEqual(findDrift(root, built), []);
  });
});

for (const { folder, status, isReadOnly } of FOLDERS) {
  for (const path of notebooksIn(folder)) {
    const { toFigure, inAll } = path.endsWith("/00-start.ipynb") ? FIRST_LIMITS : LIMITS;
    describe(`${path}, from top to bottom${isReadOnly ? " in a read-only checkout" : ""}`, () => {
      let share: string;
      let run: Run;
      let files: string[];

      before(async function () {
        this.timeout(600_000);
        share = writeKernelspec();
        files = snapshot();
        const env = {
          JUPYTER_PATH: share,
          LATENTLAB_PROFILE: "quick",
          LATENTLAB_RESULTS: join(share, "results"),
          LATENTLAB_PROGRESS: join(share, "progress.jsonl"),
        };
        run = await runNotebook(path, executedPath(path), {
          secondsPerCell: SECONDS_PER_CELL,
          env,
          isReadOnly,
        });
        report(run);
      });
      after(() => rmSync(share, { recursive: true }));

      it("runs without an error, in a cell or on standard error", () => {
        assert.deepEqual(errorsIn(run.notebook, run.stderr), []);
        assert.equal(run.error, null);
      });

      it(`has every exercise checked, and every check says "${status}"`, () => {
        assert.deepEqual(wrongVerdicts(run.notebook, status), []);
      });

      it("says how hard it is and how long it takes", () => {
        const { difficulty, minutes } = run.notebook.metadata?.latentlab ?? {};
        assert.ok(Number(difficulty) >= 1 && Number(minutes) > 0, "see CONTRIBUTING: first cell");
      });

      it("computes its sentences from numbers", () => {
        assert.deepEqual(wrongSentences(run.notebook), []);
        assert.deepEqual(wrongRecaps(run.notebook), []);
      });

      it(`shows a figure within ${toFigure} s and ends within ${inAll} s`, () => {
        const { firstFigureSeconds, seconds } = run;
        assert.ok(firstFigureSeconds !== null && firstFigureSeconds <= toFigure);
        assert.ok(seconds <= inAll, `${seconds} s`);
      });

      const megabytes = LIGHT.test(path) ? MEGABYTES.light : MEGABYTES.others;
      it(`is smaller than ${megabytes} MB when saved`, () => {
        assert.ok(run.bytes < megabytes * 1e6, `${run.bytes} bytes`);
      });

      it("writes nothing into the checkout", () => {
        assert.deepEqual(snapshot(), files);
      });
    });
  }
}
