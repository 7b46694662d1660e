import { ValueError } from "../core/errors";
import type { EquationId } from "../equations";
import type { Probe } from "./probe";

/** `"R.3"`, or with a letter where one equation has several exercises: `"R.3b"`. */
export type CheckId = EquationId | `${EquationId}${"a" | "b" | "c" | "d" | "e" | "f"}`;

/** Any function, whatever it takes: what a learner hands in. */
export type AnyFunction = (...args: never[]) => unknown;

/** A wrong answer that people give. */
export interface Mistake<F> {
  /** Shown to whoever makes it; names what is wrong, not the way out. */
  readonly says: string;
  readonly fn: F;
}

/** All there is to know about one exercise. */
export interface CheckDefinition<F extends AnyFunction> {
  readonly id: CheckId;
  /** The library's function; its name is the exercise's. */
  readonly solution: F;
  readonly probes: readonly Probe<F>[];
  /** Every one of them must fail the probes and be told apart from the others: a test sees to it. */
  readonly mistakes: readonly [Mistake<F>, Mistake<F>, ...Mistake<F>[]];
  /** The first says where to look, the second almost how. */
  readonly hints: readonly [string, string];
}

const registry = new Map<string, CheckDefinition<AnyFunction>>();

/** Make an exercise's check known under its id, to notebooks and tests alike. */
export function defineCheck<F extends AnyFunction>(definition: CheckDefinition<F>): void {
  if (registry.has(definition.id)) {
    throw new ValueError(`defineCheck: two checks are called ${definition.id}.`);
  }
  registry.set(definition.id, anyCheck(definition));
}

/** A check that takes whatever function a learner hands in; a wrong signature is a wrong answer. */
export function anyCheck<F extends AnyFunction>(
  definition: CheckDefinition<F>,
): CheckDefinition<AnyFunction> {
  return definition as unknown as CheckDefinition<AnyFunction>;
}

/**
 * @param fn what is to be checked: a function that has a check of its own is not another's answer
 * @throws ValueError naming the ids there are, or the one that is meant
 */
export function findCheck(id: string, fn: AnyFunction): CheckDefinition<AnyFunction> {
  const definition = registry.get(id);
  if (definition === undefined) {
    const ids = [...registry.keys()].join(", ");
    throw new ValueError(`check: there is no check "${id}".`, `There are ${ids}.`);
  }
  const own = allChecks().find(({ solution }) => solution.name === fn.name);
  if (own !== undefined && fn.name !== definition.solution.name) {
    throw new ValueError(
      `check: "${id}" is about ${definition.solution.name}, not ${fn.name}.`,
      `Write check("${own.id}", ${fn.name}).`,
    );
  }
  return definition;
}

export function allChecks(): readonly CheckDefinition<AnyFunction>[] {
  return [...registry.values()];
}
