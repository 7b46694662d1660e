import {
  type Citation,
  citedByCells,
  citedByFunctions,
  citedByTests,
  claimedByNotebooks,
} from "./citations";

/** Everything that cites one equation. */
export interface Thread {
  readonly functions: readonly Citation[];
  readonly tests: readonly Citation[];
  readonly cells: readonly Citation[];
}

export interface Trace {
  readonly threads: ReadonlyMap<string, Thread>;
  /** One line each; none when all is well. */
  readonly problems: readonly string[];
}

/**
 * Follow every equation from function to test to notebook cell.
 *
 * @param ids the equations there are
 * @returns with a problem for each id that nobody knows, and for each id that a notebook claims
 *   and that lacks a function, a test or a formula in that notebook
 */
export function traceEquations(root: string, ids: readonly string[]): Trace {
  const functions = citedByFunctions(root);
  const tests = citedByTests(root);
  const cells = citedByCells(root);
  const claims = claimedByNotebooks(root);
  const of = (citations: readonly Citation[], id: string): Citation[] =>
    citations.filter((citation) => citation.id === id);
  const threads = new Map(
    ids.map((id) => [
      id,
      { functions: of(functions, id), tests: of(tests, id), cells: of(cells, id) },
    ]),
  );
  const unknown = [...functions, ...tests, ...cells, ...claims]
    .filter(({ id }) => !threads.has(id))
    .map(({ id, where }) => `${where}: unknown equation "${id}"`);
  const gaps = claims.flatMap(({ id, where, what: notebook }) => {
    const thread = threads.get(id);
    if (thread === undefined) return [];
    const own = thread.cells.filter((cell) => cell.where.startsWith(`${notebook}:`));
    return [
      ...(thread.functions.length > 0 ? [] : [`no function of lib has "@eq ${id}"`]),
      ...(thread.tests.length > 0 ? [] : [`no test's title starts with "${id}"`]),
      ...(own.length > 0 ? [] : [`no cell of it has \\tag{${id}}`]),
    ].map((gap) => `${where}: claims ${id}, but ${gap}`);
  });
  return { threads, problems: [...unknown, ...gaps] };
}
