import { strict as assert } from "node:assert";
import { execFileSync } from "node:child_process";
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

import { classroomTools } from "../../scripts/classroom";
import type { Notebook } from "../../scripts/notebooks/ipynb";
import { writeKernelspec } from "../../scripts/notebooks/kernelspec";

/** nbgrader takes a student's name from the operating system, which here has one user. */
const AS_STUDENT = `
import sys
from nbgrader.apps import NbGraderApp
from nbgrader.exchange.default import submit
student = sys.argv.pop(1)
submit.get_username = lambda: student
NbGraderApp.launch_instance()
`;

/** Leave out lessons, which take their time: what is graded stays, and what it imports. */
function shorten(file: string): void {
  const notebook = JSON.parse(readFileSync(file, "utf8")) as Notebook;
  const cells = notebook.cells.filter(
    ({ id, metadata }) => id === "imports" || metadata["nbgrader"],
  );
  writeFileSync(file, JSON.stringify({ ...notebook, cells }));
}

const ANSWERS = {
  density: "return tf.tidy(() => z.square().add(LOG_TWO_PI).sum(-1).mul(-0.5));",
  wrongDensity: "return tf.tidy(() => z.square().add(LOG_TWO_PI).mean(-1).mul(-0.5));",
  likelihood: "return tf.tidy(() => sumPerExample(x.mul(logits).sub(tf.softplus(logits))));",
};

describe("nbgrader on notebook 00", function () {
  this.timeout(300_000);
  let folder: string;
  let env: NodeJS.ProcessEnv;
  let python: string;

  const path = (...parts: string[]): string => join(folder, ...parts);
  const read = (...parts: string[]): Notebook =>
    JSON.parse(readFileSync(path(...parts), "utf8")) as Notebook;

  before(async () => {
    const bin = await classroomTools();
    python = join(bin, "python");
    folder = mkdtempSync(join(tmpdir(), "latentlab-class-"));
    const home = path("jupyter");
    env = {
      ...process.env,
      PATH: `${bin}:${process.env["PATH"] ?? ""}`,
      JUPYTER_PATH: writeKernelspec(),
      JUPYTER_CONFIG_DIR: home,
      JUPYTER_DATA_DIR: home,
      JUPYTER_RUNTIME_DIR: home,
    };
    for (const name of ["class", "exchange", "ada", "bob"]) mkdirSync(path(name));
    for (const name of ["class", "ada", "bob"]) {
      copyFileSync(join("classroom", "nbgrader_config.py"), path(name, "nbgrader_config.py"));
    }
    symlinkSync(resolve("node_modules"), path("class", "node_modules"));
    const make = [".build/scripts/assignment.js", "00", "--class", path("class")];
    execFileSync(process.execPath, make);
    shorten(path("class", "source", "00-start", "00-start.ipynb"));
  });
  after(() => {
    rmSync(folder, { recursive: true });
    rmSync(env["JUPYTER_PATH"] as string, { recursive: true });
  });

  function nbgrader(where: string, app: string, ...options: string[]): string {
    const [program, ...first] = ["ada", "bob"].includes(where)
      ? [python, "-c", AS_STUDENT, where]
      : [python, "-m", "nbgrader"];
    const args = [...first, app, "00-start", `--Exchange.root=${path("exchange")}`, ...options];
    return execFileSync(program as string, args, {
      ...{ cwd: path(where), env, encoding: "utf8" },
      stdio: ["ignore", "pipe", "pipe"],
    });
  }

  function answer(student: string, answers: readonly [density: string, likelihood: string]): void {
    nbgrader(student, "fetch_assignment");
    const notebook = read(student, "00-start", "00-start.ipynb");
    const left = [...answers];
    const cells = notebook.cells.map((cell) => {
      const text = cell.source.join("");
      const isExercise = text.includes('throw new Error("TODO")');
      const line = isExercise ? (left.shift() as string) : "";
      return { ...cell, source: [text.replace('throw new Error("TODO");', line)] };
    });
    assert.equal(left.length, 0, "the release has a stub for each exercise");
    const file = path(student, "00-start", "00-start.ipynb");
    writeFileSync(file, JSON.stringify({ ...notebook, cells }));
    nbgrader(student, "submit");
  }

  it("releases it without the solutions", () => {
    nbgrader("class", "generate_assignment");
    nbgrader("class", "release_assignment");
    const text = JSON.stringify(
      read("exchange", "latentlab", "outbound", "00-start", "00-start.ipynb"),
    );
    assert.ok(text.includes("TODO"));
    assert.ok(!text.includes("BEGIN SOLUTION") && !text.includes("softplus(logits)))"));
  });

  it("collects two submissions and grades them: all right, one of two wrong", () => {
    answer("ada", [ANSWERS.density, ANSWERS.likelihood]);
    answer("bob", [ANSWERS.wrongDensity, ANSWERS.likelihood]);
    nbgrader("class", "collect", "--CollectApp.check_owner=False");
    nbgrader("class", "autograde");
    execFileSync(python, ["-m", "nbgrader", "export"], { cwd: path("class"), env, stdio: "pipe" });
    const [head = "", ...rows] = readFileSync(path("class", "grades.csv"), "utf8")
      .trim()
      .split("\n");
    const column = (name: string): number => head.split(",").indexOf(name);
    const grades = rows.map((row) => {
      const fields = row.split(",");
      return ["student_id", "score", "max_score"].map((name) => fields[column(name)]);
    });
    assert.deepEqual(grades.sort(), [
      ["ada", "2.0", "2.0"],
      ["bob", "1.0", "2.0"],
    ]);
  });

  it("tells a student in the feedback what the mistake was", () => {
    nbgrader("class", "generate_feedback");
    const feedback = (student: string): string =>
      readFileSync(path("class", "feedback", student, "00-start", "00-start.html"), "utf8");
    assert.match(feedback("bob"), /The mean over the dimensions is taken/);
    assert.ok(!feedback("ada").includes("not right yet"));
  });
});
