import { strict as assert } from "node:assert";

import { checks, core } from "latentlab";

/**
 * Make sure that a check teaches: it passes the solution, says "not done" to the stub, and rejects
 * and names every seeded wrong answer, without leaving a tensor behind.
 */
export async function assertTeaches<F extends checks.AnyFunction>(
  definition: checks.CheckDefinition<F>,
): Promise<void> {
  const { solution, mistakes, hints } = definition;
  const leaks = await core.countLeaks(() => {
    const right = checks.runCheck(definition, solution);
    assert.equal(right.status, "passed", `the solution fails:\n${right}`);
    assert.equal(checks.runCheck(definition, stubOf(solution)).status, "todo");
    const told = mistakes.map(({ says, fn }) => {
      const result = checks.runCheck(definition, fn);
      assert.equal(result.status, "failed", `a wrong answer passes: ${says}`);
      assert.equal(result.mistake, says, `another mistake is named:\n${result}`);
      return says;
    });
    assert.ok(mistakes.length >= 2, "at least two seeded wrong answers");
    assert.equal(new Set(told).size, told.length, "two mistakes say the same");
  });
  assert.equal(leaks, 0, `${leaks} tensors leaked by the check`);
  assert.ok(
    hints.every((hint) => hint.length > 10),
    "two hints",
  );
}

/** What the exercise notebook holds before a learner has worked on it. */
function stubOf({ name }: checks.AnyFunction): () => never {
  return () => {
    throw new Error(`TODO: ${name}`);
  };
}
