import { strict as assert } from "node:assert";
import { existsSync } from "node:fs";
import { resolve } from "node:path";

import { MAPPINGS } from "../../truth/cases";
import { readTruth } from "../../truth/format";
import { runCase } from "../../truth/run";

// The numbers live beside the repository; a clone without them skips this suite and says so.
const FOLDER = resolve("../shared/truth");

describe("numeric truth", () => {
  if (!existsSync(FOLDER)) {
    it.skip(`no ${FOLDER}: comparison with other implementations skipped`);
    return;
  }
  for (const { topic, cases } of readTruth(FOLDER)) {
    for (const truthCase of cases) {
      it(truthCase.id, async function () {
        const verdict = await runCase(truthCase, MAPPINGS[topic] ?? {});
        if (verdict.kind === "not built") this.skip();
        assert.deepEqual(verdict.problems, []);
        assert.deepEqual(verdict.unknown, [], "outputs that the case does not have");
      });
    }
  }
});
