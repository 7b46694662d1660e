import { strict as assert } from "node:assert";
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";

import { assertClose } from "../support/close";

interface Result {
  readonly losses: number[];
  readonly weights: number;
  readonly ema: number | null;
}

interface Check {
  readonly framework: string;
  readonly version: string;
  readonly results: Readonly<Record<string, Result>>;
}

/** PyTorch's numbers, made by `npm run bench -- --check --peers PyTorch`. */
const peer = JSON.parse(readFileSync("bench/expected.json", "utf8")) as Check;
const run = promisify(execFile);

describe(`the speed works compute what ${peer.framework} ${peer.version} computes`, () => {
  for (const [work, expected] of Object.entries(peer.results)) {
    it(`${work}: losses, weights and averages of three compiled steps`, async () => {
      const args = [".build/bench/run.js", "--check", "--only", work];
      const { stdout } = await run(process.execPath, args);
      const { results } = JSON.parse(stdout) as Check;
      const got = results[work] as Result;
      const near = { absolute: 0, relative: 1e-4 };
      assertClose(got.losses, expected.losses, near);
      assertClose([got.weights], [expected.weights], near);
      assert.equal(got.ema === null, expected.ema === null);
      if (got.ema !== null) assertClose([got.ema], [expected.ema as number], near);
    });
  }
});
