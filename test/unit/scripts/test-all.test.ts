import { strict as assert } from "node:assert";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

const REPOSITORY = dirname(dirname(dirname(dirname(__dirname))));

/** `npm test` in a folder with small suites of its own: the closing line must be honest. */
describe("test-all", function () {
  let folder = "";

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "latentlab-suites-"));
    for (const name of ["node_modules", ".build"])
      symlinkSync(join(REPOSITORY, name), join(folder, name));
    addSuite(".mocharc.json", "unit", `it("a", () => {}); it("b", () => {});`);
    mkdirSync(join(folder, "test"));
    writePackage("node -e 0");
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  function writePackage(lint: string): void {
    writeFileSync(join(folder, "package.json"), JSON.stringify({ scripts: { lint } }));
  }

  function addSuite(config: string, name: string, body: string): void {
    mkdirSync(dirname(join(folder, config)), { recursive: true });
    writeFileSync(join(folder, `${name}.cjs`), body);
    writeFileSync(join(folder, config), JSON.stringify({ spec: [`${name}.cjs`] }));
  }

  function testAll(
    environment: Record<string, string> = {},
    args: string[] = [],
  ): [number, string] {
    const env = { ...process.env };
    delete env["CI"];
    const script = join(REPOSITORY, ".build", "scripts", "test-all.js");
    const { status, stdout } = spawnSync(process.execPath, [script, ...args], {
      cwd: folder,
      env: { ...env, ...environment },
      encoding: "utf8",
    });
    return [status ?? -1, stdout.trimEnd().split("\n").at(-1) ?? ""];
  }

  it("adds up all suites", () => {
    addSuite("test/extra/mocharc.json", "extra", `it("c", () => {});`);
    assert.deepEqual(testAll(), [0, "4 passed, 0 failed"]);
    assert.deepEqual(testAll({}, ["extra"]), [0, "1 passed, 0 failed"]);
  });

  it("fails with a failing test, a failing check, and a suite that dies or does not load", () => {
    const bodies = [
      `it("c", () => {}); it("d", () => { throw new Error("planned"); });`,
      `it("c", () => {}); it("d", () => process.kill(process.pid, "SIGKILL"));`,
      `it("c", () => {}); it("d", () => process.exit(0));`,
      `it("c", () => {}); throw new Error("planned");`,
    ];
    const outcomes = bodies.map((body) => {
      addSuite("test/extra/mocharc.json", "extra", body);
      return testAll({}, ["extra"]);
    });
    assert.deepEqual(outcomes, [
      [1, "1 passed, 1 failed"],
      [1, "0 passed, 1 failed"],
      [1, "0 passed, 1 failed"],
      [1, "0 passed, 1 failed"],
    ]);
    writePackage("node -e 'process.exit(3)'");
    assert.deepEqual(testAll({}, ["lint", "unit"]), [1, "2 passed, 1 failed"]);
  });

  it("counts a skipped browser test as failed under CI, and only there", () => {
    addSuite("test/browser/mocharc.json", "browser", `it.skip("c"); it("d", () => {});`);
    assert.deepEqual(testAll({}, ["browser"]), [0, "1 passed, 0 failed"]);
    assert.deepEqual(testAll({ CI: "true" }, ["browser"]), [1, "1 passed, 1 failed"]);
  });

  it("refuses a suite that is not there", () => {
    assert.equal(testAll({}, ["nothing"])[0], 2);
  });
});
