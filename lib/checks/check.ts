import { CheckFailedError } from "../core/errors";
import { releaseTape } from "../engine/tape";
import { tf } from "../engine/tf";
import {
  type AnyFunction,
  type CheckDefinition,
  type CheckId,
  anyCheck,
  findCheck,
} from "./define";
import { type Answer, diagnose } from "./diagnose";
import { type Probe, type Reading, compare, differences } from "./probe";
import { noteAttempt } from "./progress/attempts";
import { type CheckPart, CheckResult, type CheckStatus } from "./result";

/**
 * Check an exercise: run it on small cases, compare with numbers worked out independently, and
 * name the mistake that was probably made. In a notebook the attempt is noted in the learner's
 * journal: the first wrong answer brings a hint, the second another, the third the solution.
 * Nothing is thrown, so that later cells go on, unless the environment variable LATENTLAB_STRICT
 * is 1. No tensor stays.
 *
 * @param fn the learner's function, e.g. `klDiagonalGaussian`
 * @returns a result that shows itself as the last expression of a cell
 * @throws ValueError if there is no such check, or `fn` has one of its own; CheckFailedError in
 *   strict mode
 * @example check("R.2", klDiagonalGaussian)
 */
export function check(id: CheckId, fn: AnyFunction): CheckResult {
  const { finding } = runCheck(findCheck(id, fn), fn);
  const { exercise, status } = finding;
  const standing = status === "todo" ? undefined : noteAttempt({ id, exercise, status }, fn);
  const result = new CheckResult(finding, standing);
  if (!result.passed && process.env["LATENTLAB_STRICT"] === "1") {
    throw new CheckFailedError(result.toString());
  }
  return result;
}

/** `check` for a definition in hand, registered or not; never throws. */
export function runCheck<F extends AnyFunction>(
  definition: CheckDefinition<F>,
  fn: AnyFunction,
): CheckResult {
  const { id, solution, probes, mistakes, hints } = anyCheck(definition);
  const answers = probes.map((probe): Answer => ({ probe, got: measure(probe, fn) }));
  const parts = answers.map(toPart);
  const status = statusOf(answers, parts);
  const mistake = status === "failed" ? diagnose(answers, mistakes, measure) : undefined;
  return new CheckResult({ id, exercise: solution.name, status, parts, mistake, hints });
}

/** What `fn` gives to a probe. Whatever it leaves behind is freed. */
function measure(probe: Probe<AnyFunction>, fn: AnyFunction): readonly Reading[] | Error {
  try {
    let readings: readonly Reading[] = [];
    tf.tidy(() => {
      readings = probe.measure(fn);
    });
    return readings;
  } catch (error) {
    releaseTape();
    return error instanceof Error ? error : new Error(String(error));
  }
}

function toPart({ probe, got }: Answer): CheckPart {
  const { aspect, title } = probe;
  if (got instanceof Error)
    return { aspect, title, rows: [], error: `${got.name}: ${got.message}` };
  const expected = probe.expected();
  const comparison = compare(got, expected);
  const rows = differences(got, expected);
  return { aspect, title, rows, ...(comparison === undefined ? {} : { comparison }) };
}

function statusOf(answers: readonly Answer[], parts: readonly CheckPart[]): CheckStatus {
  if (answers.some(({ got }) => got instanceof Error && /^TODO\b/.test(got.message))) return "todo";
  return parts.every(({ rows, error }) => rows.length === 0 && error === undefined)
    ? "passed"
    : "failed";
}
