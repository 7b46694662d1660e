import { assertInRange, assertInteger, assertOneOf } from "../core/guard";
import { linspace, roundHalfToEven } from "../core/math";

/** Where the steps of a short sampler lie; only "trailing" and "linspace" begin at T. */
export type TimestepSpacing = "leading" | "linspace" | "trailing";

/**
 * The descending timesteps that a sampler of `numSteps` steps visits, of 1…`numTimesteps`.
 *
 * @throws ValueError if `numSteps` is not in 1…`numTimesteps`
 * @see Lin et al. 2024, arXiv:2305.08891v4, table 2
 */
export function spacedTimesteps(
  numTimesteps: number,
  numSteps: number,
  spacing: TimestepSpacing = "trailing",
): Int32Array {
  assertInteger("spacedTimesteps", "numTimesteps", numTimesteps);
  assertInteger("spacedTimesteps", "numSteps", numSteps);
  assertInRange("spacedTimesteps", "numSteps", numSteps, [1, numTimesteps]);
  assertOneOf("spacedTimesteps", "spacing", spacing, ["leading", "linspace", "trailing"]);
  return Int32Array.from(ascending(numTimesteps, numSteps, spacing)).reverse();
}

function ascending(
  numTimesteps: number,
  numSteps: number,
  spacing: TimestepSpacing,
): ArrayLike<number> {
  switch (spacing) {
    case "leading": {
      const stride = Math.floor(numTimesteps / numSteps);
      return Array.from({ length: numSteps }, (_, i) => stride * i + 1);
    }
    case "linspace":
      return linspace(0, numTimesteps - 1, numSteps).map((t) => roundHalfToEven(t) + 1);
    case "trailing": {
      const stride = numTimesteps / numSteps;
      const descending = Array.from({ length: numSteps }, (_, i) =>
        roundHalfToEven(numTimesteps - i * stride),
      );
      return descending.reverse();
    }
  }
}
