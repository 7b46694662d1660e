import { strict as assert } from "node:assert";
import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

import { checks, core } from "latentlab";

const FIRST = {
  at: "2026-01-01T00:00:00.000Z",
  id: "R.2",
  exercise: "kl",
  status: "failed",
  answer: "a",
} as const;

const COURSE = [
  { number: "00", title: "Start", difficulty: 1, minutes: 20, exercises: ["density"] },
  { number: "01", title: "<VAE>", difficulty: 2, minutes: 90, exercises: ["kl", "elbo", "iwae"] },
];

describe("progress", () => {
  let folder: string;
  let path: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "latentlab-progress-"));
    path = join(folder, "sub", "progress.jsonl");
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it("is kept line by line, and read as it was written", () => {
    assert.deepEqual(checks.readJournal(path), { attempts: [] });
    const second = { ...FIRST, status: "passed", answer: "b" } as const;
    checks.appendAttempt(path, FIRST);
    checks.appendAttempt(path, second);
    assert.deepEqual(checks.readJournal(path), { attempts: [FIRST, second] });
  });

  it("keeps every line of four processes that write at once", () => {
    const library = JSON.stringify(resolve("lib/dist/checks/progress/journal"));
    const write = `
      const { appendAttempt } = require(${library});
      const [path, name] = process.argv.slice(1);
      const attempt = ${JSON.stringify(FIRST)};
      for (let i = 0; i < 50; i++) appendAttempt(path, { ...attempt, answer: name + i });
    `;
    const together = ["a", "b", "c", "d"].map((name) => `node -e "$CODE" "$FILE" ${name} &`);
    const env = { ...process.env, CODE: write, FILE: path };
    execFileSync("sh", ["-c", `${together.join(" ")} wait`], { env });
    const { attempts, problem } = checks.readJournal(path);
    assert.equal(problem, undefined);
    assert.equal(new Set(attempts.map(({ answer }) => answer)).size, 200);
  });

  it("sets a damaged file aside, keeps what it can read, and says so", () => {
    checks.appendAttempt(path, FIRST);
    const whole = readFileSync(path, "utf8");
    writeFileSync(path, `${whole}{"at":"2026\n\0\0\n${whole}`);
    const { attempts, problem = "" } = checks.readJournal(path);
    assert.deepEqual(attempts, [FIRST, FIRST]);
    assert.match(problem, /^2 of 4 lines of .* cannot be read\. .* kept as progress.*damaged/);
    assert.equal(readFileSync(path, "utf8"), whole + whole);
    const aside = readdirSync(join(folder, "sub")).filter((name) => name.includes("damaged"));
    assert.equal(aside.length, 1);
    assert.deepEqual(checks.readJournal(path), { attempts });
  });

  it("loses nothing but a line that a crash cut short", () => {
    checks.appendAttempt(path, FIRST);
    writeFileSync(path, `${readFileSync(path, "utf8")}{"at":"20`);
    checks.appendAttempt(path, { ...FIRST, answer: "b" });
    assert.deepEqual(
      checks.readJournal(path).attempts.map(({ answer }) => answer),
      ["a", "b"],
    );
  });

  it("says that its file is none", () => {
    mkdirSync(path, { recursive: true });
    assert.match(checks.readJournal(path).problem ?? "", /EISDIR/);
  });

  it("shows each notebook with difficulty, minutes and ticks", () => {
    const attempts = [
      FIRST,
      { ...FIRST, status: "passed" },
      { ...FIRST, exercise: "elbo" },
      { ...FIRST, exercise: "unknown", status: "passed" },
    ] as const;
    const shown = new checks.Progress(COURSE, { attempts });
    assert.equal(
      String(shown),
      [
        "Your course: 1 of 4 solved, about 1.8 hours to go",
        "00  Start  ●○○ 20 min  ○    0 of 1 solved",
        "01  <VAE>  ●●○ 90 min  ✓✗○  1 of 3 solved",
      ].join("\n"),
    );
    assert.equal(shown.lineOf("elbo"), "Notebook 01: ✓✗○ 1 of 3 solved");
    const { "text/html": html } = shown[core.DISPLAY]();
    assert.match(String(html), /✓ kl<.*✗ elbo<.*○ iwae</);
    assert.ok(!String(html).includes("<VAE>"));
  });

  it("knows the exercises and solutions of this very course", () => {
    const [start, vae] = checks.courseNotebooks();
    assert.equal(start?.title, "Start here");
    assert.deepEqual(start.exercises, ["standardNormalLogDensity", "bernoulliLogLikelihood"]);
    assert.ok(vae?.exercises.includes("elbo"));
    const solution = checks.solutionText("klToStandardNormal") ?? "";
    assert.match(solution, /function klToStandardNormal\(/);
    assert.ok(!solution.includes("TODO"));
    assert.equal(checks.solutionText("nobody"), undefined);
    assert.ok(!existsSync(path));
  });
});
