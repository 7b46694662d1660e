import { strict as assert } from "node:assert";
import { spawnSync } from "node:child_process";
import { join } from "node:path";

const SCRIPT = join(__dirname, "..", "..", "..", "scripts", "fetch-dataset.js");

function run(...args: string[]): { code: number | null; out: string; err: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [SCRIPT, ...args]);
  return { code: status, out: stdout.toString(), err: stderr.toString() };
}

describe("npm run data", () => {
  it("lists sizes and licences", () => {
    const { code, out } = run("--list");
    assert.equal(code, 0);
    assert.match(out, /^mnist: MNIST, 11\.6 MB, CC-BY-SA-3\.0$/m);
  });

  it("answers a wrong name, a wrong option and nothing with the usage and exit code 2", () => {
    for (const args of [["mnits"], ["--lst"], []]) {
      const { code, err } = run(...args);
      assert.equal(code, 2, args.join());
      assert.match(err, /npm run data -- mnist/);
    }
    assert.match(run("mnits").err, /No data set "mnits"/);
  });
});
