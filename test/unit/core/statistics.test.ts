import { strict as assert } from "node:assert";

import { core } from "latentlab";

import { assertClose } from "../../support/close";

describe("estimate", () => {
  it("gives mean and s / √n with the divisor n − 1: worked by hand", () => {
    // Mean 5, squared deviations 9 + 1 + 1 + 9 = 20, s² = 20/3, s/√4 = √(20/12).
    const { mean, standardError, n } = core.estimate([2, 4, 6, 8]);
    assertClose([mean, standardError, n], [5, Math.sqrt(20 / 12), 4], { absolute: 1e-12 });
    assert.equal(
      core.formatEstimate({ mean: -106.25, standardError: 0.804, n: 9 }, 1),
      "−106.3 ± 0.8",
    );
  });

  it("refuses a single value, which says nothing about its error", () => {
    assert.throws(() => core.estimate([1]), /at least 2/);
  });
});
