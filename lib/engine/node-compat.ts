import util from "node:util";

/**
 * Give `node:util` the two predicates that tfjs-node 4.22 calls: Node 23 removed one, and Node 22
 * and 24 warn of both as deprecated. Must run before tfjs-node is loaded.
 */
export function restoreUtilPredicates(target: object = util): void {
  Object.assign(target, {
    isNullOrUndefined: (value: unknown): boolean => value === null || value === undefined,
    isArray: (value: unknown): boolean => Array.isArray(value),
  });
}
