import { assertInRange } from "../../core/guard";

/** Refuse a time outside [0, 1]. @throws ValueError */
export function assertTime(where: string, t: number): void {
  assertInRange(where, "t", t, [0, 1]);
}
