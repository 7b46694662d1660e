import { assertInRange } from "../../core/guard";
import type { tf } from "../../engine/tf";

/** β(t) = betaMin + t (betaMax − betaMin). The defaults are DDPM's schedule times its 1000 steps. */
export type BetaLine = { readonly betaMin?: number; readonly betaMax?: number };

/** Refuse anything but 0 < betaMin ≤ betaMax. @throws ValueError */
export function assertBetas(where: string, { betaMin, betaMax }: Required<BetaLine>): void {
  assertInRange(where, "betaMin", betaMin, [Number.MIN_VALUE, Number.MAX_VALUE]);
  assertInRange(where, "betaMax", betaMax, [betaMin, Number.MAX_VALUE]);
}

/** @throws ValueError unless 0 < betaMin ≤ betaMax */
export function betaLine(where: string, { betaMin = 0.1, betaMax = 20 }: BetaLine): Line {
  assertBetas(where, { betaMin, betaMax });
  return {
    betaMin,
    betaMax,
    beta: (t) => betaMin + t * (betaMax - betaMin),
    integral: (t) => betaMin * t + ((betaMax - betaMin) * t * t) / 2,
    betasAt: (t) => t.mul<tf.Tensor1D>(betaMax - betaMin).add(betaMin),
    integralsAt: (t) => t.mul<tf.Tensor1D>(betaMin).add(t.square().mul((betaMax - betaMin) / 2)),
  };
}

/** β and its integral from 0, of numbers and of tensors `[B]`. */
export type Line = Required<BetaLine> & {
  beta(t: number): number;
  integral(t: number): number;
  betasAt(t: tf.Tensor1D): tf.Tensor1D;
  integralsAt(t: tf.Tensor1D): tf.Tensor1D;
};
