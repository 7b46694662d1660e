/**
 * Print a claim, and whether the numbers of this run bear it out.
 *
 * @param claim what is claimed, with the numbers it is about
 * @example verdict(gap < 1e-4, `the gap closes; it is ${gap.toExponential(1)}`)
 */
export function verdict(isTrue: boolean, claim: string): void {
  console.log(`${isTrue ? "✔ holds" : "✘ does not hold"}: ${claim}`);
}
