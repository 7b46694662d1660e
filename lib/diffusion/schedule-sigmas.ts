import { ValueError } from "../core/errors";
import { assertFinite, assertInRange, assertInteger } from "../core/guard";
import { NoiseSchedule } from "./schedule";
import { spacedTimesteps, type TimestepSpacing } from "./timesteps";

/**
 * The noise level of a timestep once x_t is scaled so that the signal is 1: x_t/√ᾱ_t = x_0 + σ ε.
 * Between timesteps it is interpolated.
 *
 * @param t 0…T
 * @returns σ = √((1 − ᾱ_t)/ᾱ_t), float64
 * @throws ValueError
 */
export function sigmaOfTimestep({ alphaBar, numTimesteps }: NoiseSchedule, t: number): number {
  assertInRange("sigmaOfTimestep", "t", t, [0, numTimesteps]);
  const at = (s: number): number =>
    Math.sqrt((1 - (alphaBar[s] as number)) / (alphaBar[s] as number));
  const below = Math.floor(t);
  return t === below ? at(t) : at(below) + (t - below) * (at(below + 1) - at(below));
}

/** The noise levels of `spacedTimesteps`, descending, and a closing 0. @throws ValueError */
export function scheduleSigmas(
  schedule: NoiseSchedule,
  numSteps = schedule.numTimesteps,
  spacing: TimestepSpacing = "trailing",
): Float64Array {
  const timesteps = spacedTimesteps(schedule.numTimesteps, numSteps, spacing);
  return Float64Array.of(...Array.from(timesteps, (t) => sigmaOfTimestep(schedule, t)), 0);
}

/**
 * The schedule whose timestep t has noise level `sigmas[t − 1]`: `sigmaOfTimestep` backwards.
 *
 * @param sigmas ascending, above 0
 * @throws ValueError, NonFiniteError
 */
export function scheduleFromSigmas(sigmas: ArrayLike<number>): NoiseSchedule {
  assertInteger("scheduleFromSigmas", "number of sigmas", sigmas.length);
  assertFinite("scheduleFromSigmas", "sigmas", sigmas);
  const betas = Array.from(sigmas, (sigma, i) => {
    const before = sigmas[i - 1] ?? 0;
    if (sigma > before) return (sigma ** 2 - before ** 2) / (1 + sigma ** 2);
    throw new ValueError("scheduleFromSigmas: sigmas must ascend from above 0.");
  });
  return new NoiseSchedule(betas);
}
