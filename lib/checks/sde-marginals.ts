import { type NoiseLevel } from "../core/types";
import { subVpMarginal, veMarginal, vpMarginal } from "../diffusion/sde";
import { defineCheck } from "./define";
import { valueProbes } from "./value-probes";

type Level = NoiseLevel<number>;

// prettier-ignore
const TIMES = [0.05, 0.3, 0.75, 1];

/** A marginal at several times, by name, one number a time. */
function levels(
  marginal: (t: number) => Level,
  times: readonly number[],
): { scale: number[]; sigma: number[] } {
  const all = times.map(marginal);
  return { scale: all.map(({ scale }) => scale), sigma: all.map(({ sigma }) => sigma) };
}

function marginalProbes<F>(call: (fn: F, t: number) => Level, reference: (t: number) => Level) {
  return valueProbes({
    cases: [{ title: "four times", inputs: { times: TIMES } }],
    call: (fn: F, { times }) => levels((t) => call(fn, t), times.arraySync()),
    reference: ({ times }) => levels(reference, times),
  });
}

type BetaMarginal = (t: number, line: { betaMin: number; betaMax: number }) => Level;
const LINE = { betaMin: 0.2, betaMax: 6 };

/** ∫ β by Simpson's rule, exact for a line. */
function betaIntegral(t: number): number {
  const beta = (s: number): number => LINE.betaMin + s * (LINE.betaMax - LINE.betaMin);
  return (t / 6) * (beta(0) + 4 * beta(t / 2) + beta(t));
}

defineCheck<BetaMarginal>({
  id: "R.21",
  solution: vpMarginal,
  probes: marginalProbes<BetaMarginal>(
    (fn, t) => fn(t, LINE),
    (t) => ({
      scale: Math.exp(-betaIntegral(t) / 2),
      sigma: Math.sqrt(1 - Math.exp(-betaIntegral(t))),
    }),
  ),
  mistakes: [
    {
      says: "β(t)·t stands for the integral of β: the line was lower before t.",
      fn: (t, { betaMin, betaMax }) => {
        const integral = (betaMin + t * (betaMax - betaMin)) * t;
        return { scale: Math.exp(-integral / 2), sigma: Math.sqrt(1 - Math.exp(-integral)) };
      },
    },
    {
      says: "scale is exp(−B), the share of the variance; what multiplies x_0 is its root.",
      fn: (t, line) => ({ ...vpMarginal(t, line), scale: vpMarginal(t, line).scale ** 2 }),
    },
    {
      says: "sigma is the variance 1 − exp(−B), not its root.",
      fn: (t, line) => ({ ...vpMarginal(t, line), sigma: vpMarginal(t, line).sigma ** 2 }),
    },
  ],
  hints: [
    "B(t) = betaMin·t + (betaMax − betaMin)·t²/2.",
    "scale = Math.exp(−B/2), sigma = Math.sqrt(1 − Math.exp(−B)).",
  ],
});

defineCheck<BetaMarginal>({
  id: "R.21b",
  solution: subVpMarginal,
  probes: marginalProbes<BetaMarginal>(
    (fn, t) => fn(t, LINE),
    (t) => ({ scale: Math.exp(-betaIntegral(t) / 2), sigma: 1 - Math.exp(-betaIntegral(t)) }),
  ),
  mistakes: [
    { says: "This is the marginal of the VP SDE: its sigma is the larger one.", fn: vpMarginal },
    {
      says: "sigma is squared once too often: 1 − exp(−B) is the deviation already.",
      fn: (t, line) => ({ ...vpMarginal(t, line), sigma: vpMarginal(t, line).sigma ** 4 }),
    },
  ],
  hints: [
    "The drift is that of VP, so scale is; the variance is the square of VP's.",
    "scale = Math.exp(−B/2), sigma = 1 − Math.exp(−B).",
  ],
});

type VeMarginal = (t: number, range: { sigmaMin: number; sigmaMax: number }) => Level;
const RANGE = { sigmaMin: 0.4, sigmaMax: 5 };

defineCheck<VeMarginal>({
  id: "R.21c",
  solution: veMarginal,
  probes: marginalProbes<VeMarginal>(
    (fn, t) => fn(t, RANGE),
    (t) => {
      // dv/dt = g², g² = d σ²/dt: midpoints of 2000 steps.
      const variance = Array.from({ length: 2000 }, (_, i) => {
        const s = ((i + 0.5) * t) / 2000;
        return (2 * Math.log(12.5) * (0.4 * 12.5 ** s) ** 2 * t) / 2000;
      }).reduce((sum, v) => sum + v, 0);
      return { scale: 1, sigma: Math.sqrt(variance) };
    },
  ),
  mistakes: [
    {
      says: "sigma is σ(t) whole; at t = 0 nothing has been added yet, so σ(0) must come off.",
      fn: (t, { sigmaMin, sigmaMax }) => ({
        scale: 1,
        sigma: sigmaMin * (sigmaMax / sigmaMin) ** t,
      }),
    },
    {
      says: "σ(t) and σ(0) are subtracted; it is variances that add up.",
      fn: (t, { sigmaMin, sigmaMax }) => ({
        scale: 1,
        sigma: sigmaMin * (sigmaMax / sigmaMin) ** t - sigmaMin,
      }),
    },
  ],
  hints: [
    "σ(t) = sigmaMin (sigmaMax/sigmaMin)^t; the variance added since 0 is a difference.",
    "Math.sqrt(veSigma(t)² − veSigma(0)²), and scale is 1.",
  ],
});
