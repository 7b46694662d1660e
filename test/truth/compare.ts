import type { Tolerance } from "./format";

/** How far `got` is from `want`: `problem` is undefined when every element passes. */
export interface Comparison {
  readonly problem: string | undefined;
  /** Largest |got − want| among finite elements. */
  readonly worst: number;
}

/**
 * Every element must pass |got − want| ≤ absolute + relative·|want|; infinities and NaN must be
 * the same on both sides.
 */
export function compare(
  got: ArrayLike<number>,
  want: ArrayLike<number>,
  [absolute, relative]: Tolerance,
): Comparison {
  if (got.length !== want.length) {
    return { problem: `${got.length} values instead of ${want.length}`, worst: Infinity };
  }
  let [worst, worstExcess, at] = [0, 0, -1];
  for (let i = 0; i < want.length; i++) {
    const [g, w] = [got[i] as number, want[i] as number];
    if (!Number.isFinite(g) || !Number.isFinite(w)) {
      if (Object.is(g, w)) continue;
      return { problem: `element ${i} is ${g} instead of ${w}`, worst: Infinity };
    }
    const difference = Math.abs(g - w);
    const excess = difference - absolute - relative * Math.abs(w);
    worst = Math.max(worst, difference);
    if (excess > worstExcess) [worstExcess, at] = [excess, i];
  }
  if (at < 0) return { problem: undefined, worst };
  const off = `off by ${worst.toExponential(1)}`;
  return { problem: `element ${at} is ${got[at]} instead of ${want[at]}, ${off}`, worst };
}
