import { writeFileSync } from "node:fs";

import Mocha from "mocha";

/**
 * Mocha's usual report, and at the end the counts as JSON in the file that `COUNTS_FILE` names:
 * `npm test` adds up the suites from there, not from text that a test might print as well.
 */
class CountingReporter extends Mocha.reporters.Spec {
  constructor(runner: Mocha.Runner, options?: Mocha.MochaOptions) {
    super(runner, options);
    runner.once("end", () => {
      const { passes, failures, pending } = this.stats;
      const path = process.env["COUNTS_FILE"];
      const counts = { passed: passes, failed: failures, skipped: pending };
      if (path !== undefined) writeFileSync(path, JSON.stringify(counts));
    });
  }
}

export = CountingReporter;
