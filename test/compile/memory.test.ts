import { strict as assert } from "node:assert";
import { execFile } from "node:child_process";
import { promisify } from "node:util";

const ROUNDS = 100;
const LIMIT = 30 * 2 ** 20; // of 100 MiB in the sessions

async function growth(rounds: number, what: "dispose" | "keep"): Promise<number> {
  const args = [".build/test/compile/session-growth.js", String(rounds), what];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return Number(stdout);
}

describe("memory of compiled functions", () => {
  it(`comes back: ${ROUNDS} rounds of compile and dispose add less than a third of it`, async () => {
    const grown = await growth(ROUNDS, "dispose");
    assert.ok(grown < LIMIT, `${(grown / 2 ** 20).toFixed(1)} MiB more`);
  });

  it("would be missed if it did not: the same without dispose adds more than that", async () => {
    const grown = await growth(ROUNDS, "keep");
    assert.ok(grown > LIMIT, `only ${(grown / 2 ** 20).toFixed(1)} MiB more`);
  });
});
