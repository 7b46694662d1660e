import { strict as assert } from "node:assert";

import { checks, equations } from "latentlab";

import { assertTeaches } from "../../support/exercise";

describe("every registered check", () => {
  for (const definition of checks.allChecks()) {
    const { id, solution } = definition;
    it(`${id} ${solution.name}: passes the solution, fails the stub, names each mistake`, () =>
      assertTeaches(definition));

    it(`${id} ${solution.name}: cites a known equation`, () => {
      assert.ok(equations.isEquationId(id.replace(/[a-f]$/, "")), id);
    });
  }
});
