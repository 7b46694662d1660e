import util from "node:util";

/**
 * Give `node:util` back the two predicates that Node 23 removed and tfjs-node 4.22 still calls.
 * Must run before tfjs-node is loaded; does nothing where Node still has them.
 */
export function restoreUtilPredicates(target: Record<string, unknown> = util as never): void {
  target["isNullOrUndefined"] ??= (value: unknown): boolean =>
    value === null || value === undefined;
  target["isArray"] ??= Array.isArray;
}
