import { ValueError } from "../core/errors";
import { karrasSigmas } from "../diffusion/sigmas";

/** What samplers over noise levels have in common. */
export type SigmaOptions = {
  /**
   * The descending noise levels of n steps, with the closing 0; default `karrasSigmas`. For a network
   * on a schedule: `(n) => diffusion.scheduleSigmas(schedule, n)`.
   */
  readonly sigmas?: (numSteps: number) => ArrayLike<number>;
};

/** EDM's number of steps for CIFAR-10. */
const NUM_STEPS = 18;

export function sigmaTimes(
  { sigmas = (n) => karrasSigmas(n) }: SigmaOptions,
  numSteps = NUM_STEPS,
): number[] {
  return Array.from(sigmas(numSteps));
}

/** Refuse noise levels that do not descend to 0 or above. @throws ValueError */
export function assertSigmas(where: string, sigmas: readonly number[]): readonly number[] {
  const descends = sigmas.every(
    (sigma, i) => sigma >= 0 && !(sigma >= (sigmas[i - 1] ?? Infinity)),
  );
  if (descends) return sigmas;
  throw new ValueError(`${where}: times are noise levels that descend to 0 or above.`);
}
