import {
  type DdimCoefficients,
  ddimCoefficients,
  type DdpmCoefficients,
  ddpmCoefficients,
  type DpmSolverCoefficients,
  dpmSolverCoefficients,
} from "../samplers";
import { tf } from "../engine/tf";
import { defineCheck } from "./define";
import { valueProbes } from "./value-probes";

type Row = readonly number[];

/** Call a function of numbers row by row; its results by name, one number a row. */
function byRow<K extends string>(
  names: readonly K[],
  rows: readonly Row[],
  call: (row: Row) => Readonly<Record<K, number>>,
): Record<K, number[]> {
  const results = rows.map(call);
  const columns = names.map((name) => [name, results.map((result) => result[name])]);
  return Object.fromEntries(columns) as Record<K, number[]>;
}

/** The same as tensors, for a learner's function. */
function tensorsByRow<K extends string>(
  names: readonly K[],
  rows: tf.Tensor2D,
  call: (row: Row) => Readonly<Record<K, number>>,
): Record<K, tf.Tensor> {
  const columns = Object.entries<number[]>(byRow(names, rows.arraySync(), call));
  return Object.fromEntries(columns.map(([name, values]) => [name, tf.tensor1d(values)])) as Record<
    K,
    tf.Tensor
  >;
}

const at = (row: Row, i: number): number => row[i] ?? NaN;

const DDPM = ["ofX0", "ofX", "small", "large"] as const;

type Ddpm = (alphaBar: number, alphaBarNext: number) => DdpmCoefficients;

function ddpmWith(change: (now: number, next: number) => Partial<DdpmCoefficients>): Ddpm {
  return (now, next) => ({ ...ddpmCoefficients(now, next), ...change(now, next) });
}

defineCheck<Ddpm>({
  id: "R.10b",
  solution: ddpmCoefficients,
  probes: valueProbes({
    cases: [
      {
        title: "neighbouring timesteps, and some that lie far apart",
        inputs: {
          alphaBars: [
            [0.72, 0.9],
            [0.05, 0.64],
            [0.3, 1],
          ],
        }, // ᾱ_t, ᾱ_s
      },
    ],
    call: (fn: Ddpm, { alphaBars }) =>
      tensorsByRow(DDPM, alphaBars, (row) => fn(at(row, 0), at(row, 1))),
    // Bayes' rule for x_s: prior N(√ᾱ_s x0, 1 − ᾱ_s), likelihood N(x_t; √α x_s, 1 − α).
    reference: ({ alphaBars }) =>
      byRow(DDPM, alphaBars, (row) => {
        const [now, next] = [at(row, 0), at(row, 1)];
        const alpha = now / next;
        const small = next === 1 ? 0 : 1 / (1 / (1 - next) + alpha / (1 - alpha));
        const ofX0 = next === 1 ? 1 : (small * Math.sqrt(next)) / (1 - next);
        return { ofX0, ofX: (small * Math.sqrt(alpha)) / (1 - alpha), small, large: 1 - alpha };
      }),
  }),
  mistakes: [
    {
      says: "β is taken as 1 − ᾱ_t: the noise of all steps up to t, not of this one.",
      fn: ddpmWith((now, next) => ({
        ofX0: Math.sqrt(next),
        small: 1 - next,
        large: 1 - now,
      })),
    },
    {
      says: "The weights of x_0 and of x_t have changed places.",
      fn: ddpmWith((now, next) => {
        const { ofX0, ofX } = ddpmCoefficients(now, next);
        return { ofX0: ofX, ofX: ofX0 };
      }),
    },
    {
      says: "The weight of x_0 has ᾱ_s where its root belongs.",
      fn: ddpmWith((now, next) => ({ ofX0: (next * (1 - now / next)) / (1 - now) })),
    },
    {
      says: "The small variance is a standard deviation.",
      fn: ddpmWith((now, next) => ({ small: Math.sqrt(ddpmCoefficients(now, next).small) })),
    },
    {
      says: "In the small variance, the fraction is upside down.",
      fn: ddpmWith((now, next) => ({ small: ((1 - now / next) * (1 - now)) / (1 - next || 1) })),
    },
  ],
  hints: [
    "α of the jump is ᾱ_t/ᾱ_s; then it is the posterior of one step.",
    "β = 1 − ᾱ_t/ᾱ_s, β̃ = β (1 − ᾱ_s)/(1 − ᾱ_t).",
  ],
});

const DDIM = ["signal", "direction", "sigma"] as const;

type Ddim = (alphaBar: number, alphaBarNext: number, eta: number) => DdimCoefficients;

function ddimWith(sigmaOf: (now: number, next: number) => number): Ddim {
  return (now, next, eta) => {
    const sigma = eta * sigmaOf(now, next);
    return { signal: Math.sqrt(next), direction: Math.sqrt(1 - next - sigma ** 2), sigma };
  };
}

const ddimSigma = (now: number, next: number): number =>
  Math.sqrt(((1 - next) / (1 - now)) * (1 - now / next));

defineCheck<Ddim>({
  id: "DDIM.16",
  solution: ddimCoefficients,
  probes: valueProbes({
    cases: [
      {
        title: "η = 0, 0.4 and 1",
        inputs: {
          steps: [
            [0.3, 0.6, 0],
            [0.2, 0.45, 0.4],
            [0.5, 0.8, 1],
          ],
        }, // ᾱ_t, ᾱ_s, η
      },
    ],
    call: (fn: Ddim, { steps }) =>
      tensorsByRow(DDIM, steps, (row) => fn(at(row, 0), at(row, 1), at(row, 2))),
    reference: ({ steps }) =>
      byRow(DDIM, steps, (row) => {
        const [now, next, eta] = [at(row, 0), at(row, 1), at(row, 2)];
        // η² times the variance of q(x_s | x_t, x_0), by Bayes' rule
        const posterior = 1 / (1 / (1 - next) + now / next / (1 - now / next));
        const sigma = eta * Math.sqrt(posterior);
        return { signal: Math.sqrt(next), direction: Math.sqrt(1 - next - sigma ** 2), sigma };
      }),
  }),
  mistakes: [
    {
      says: "The direction forgets σ²: with fresh noise the sum has too large a variance.",
      fn: (now, next, eta) => ({
        ...ddimCoefficients(now, next, eta),
        direction: Math.sqrt(1 - next),
      }),
    },
    {
      says: "The signal is that of x_t, not of where x goes.",
      fn: (now, next, eta) => ({ ...ddimCoefficients(now, next, eta), signal: Math.sqrt(now) }),
    },
    {
      says: "σ is a variance: its root is missing.",
      fn: ddimWith((now, next) => ddimSigma(now, next) ** 2),
    },
    {
      says: "σ is √β of the jump, DDPM's large variance, not its small one.",
      fn: ddimWith((now, next) => Math.sqrt(Math.min(1 - now / next, 1 - next))),
    },
  ],
  hints: [
    "x_s must have variance 1 − ᾱ_s of noise, however it is shared.",
    "At η = 1, σ² is the posterior variance of DDPM.",
  ],
});

const DPM = ["keep", "gain", "curve"] as const;

type Dpm = (alphaBar: number, alphaBarNext: number, before?: number) => DpmSolverCoefficients;

const lambda = (alphaBar: number): number => 0.5 * Math.log(alphaBar / (1 - alphaBar));

function dpmWith(
  change: (now: number, next: number, before: number) => Partial<DpmSolverCoefficients>,
): Dpm {
  return (now, next, before = NaN) => ({
    ...dpmSolverCoefficients(now, next, before),
    ...change(now, next, before),
  });
}

defineCheck<Dpm>({
  id: "DPMPP.A2",
  solution: dpmSolverCoefficients,
  probes: valueProbes({
    cases: [
      {
        title: "three steps, each after another",
        inputs: {
          steps: [
            [0.3, 0.6, 0.1],
            [0.2, 0.45, 0.15],
            [0.5, 0.9, 0.2],
          ],
        }, // ᾱ_t, ᾱ_s, ᾱ⁻
      },
    ],
    call: (fn: Dpm, { steps }) =>
      tensorsByRow(DPM, steps, (row) => fn(at(row, 0), at(row, 1), at(row, 2))),
    reference: ({ steps }) =>
      byRow(DPM, steps, (row) => {
        const [now, next, before] = [at(row, 0), at(row, 1), at(row, 2)];
        const keep = Math.sqrt(1 - next) / Math.sqrt(1 - now);
        const r = (lambda(now) - lambda(before)) / (lambda(next) - lambda(now));
        // If x_t were x_0 itself, x_s would be too, at its own scale.
        return { keep, gain: Math.sqrt(next) - keep * Math.sqrt(now), curve: 1 / (2 * r) };
      }),
  }),
  mistakes: [
    {
      says: "1/(2r) is upside down: r is the step before over this step.",
      fn: dpmWith((now, next, before) => {
        return { curve: (lambda(now) - lambda(before)) / (lambda(next) - lambda(now)) / 2 };
      }),
    },
    {
      says: "λ lacks its ½: it is the logarithm of √ᾱ/√(1 − ᾱ).",
      fn: dpmWith((now, next) => ({
        gain: -Math.sqrt(next) * Math.expm1(-2 * (lambda(next) - lambda(now))),
      })),
    },
    {
      says: "The step is exponential in h with the wrong sign.",
      fn: dpmWith((now, next) => ({
        gain: Math.sqrt(next) * Math.expm1(lambda(next) - lambda(now)),
      })),
    },
    {
      says: "Both steps are taken as equally long in λ: r is 1 throughout.",
      fn: dpmWith(() => ({ curve: 0.5 })),
    },
  ],
  hints: [
    "λ = ½ log(ᾱ/(1 − ᾱ)), h its change in this step.",
    "keep and gain are the exact solution for a constant x̂_0.",
  ],
});
