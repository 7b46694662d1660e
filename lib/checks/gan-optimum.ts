import { jensenShannon, optimalDiscriminator } from "../oracles/adversarial";
import { defineCheck } from "./define";
import { valueProbes } from "./value-probes";

type Numbers = readonly number[];

const sum = (values: Numbers): number => values.reduce((total, value) => total + value, 0);

type DensityFunction = (p: ArrayLike<number>, q: ArrayLike<number>) => Float64Array;

const DENSITY_CASES = [
  { title: "three points", inputs: { p: [0.5, 0.2, 0.3], q: [0.1, 0.7, 0.2] } },
];

defineCheck<DensityFunction>({
  id: "GAN.2",
  solution: optimalDiscriminator,
  probes: valueProbes({
    cases: DENSITY_CASES,
    call: (fn: DensityFunction, { p, q }) => fn(p.dataSync(), q.dataSync()),
    reference: ({ p, q }) => p.map((value, i) => value / (value + (q[i] ?? NaN))),
  }),
  mistakes: [
    {
      says: "This is the share of the generator; D says how likely a point is *real*.",
      fn: (p, q) => optimalDiscriminator(q, p),
    },
    {
      says: "This is the ratio p/q; a probability compares p with the total p + q.",
      fn: (p, q) => Float64Array.from(p, (value, i) => value / (q[i] ?? NaN)),
    },
    {
      says: "This is a yes or no; the best D gives a probability where both have mass.",
      fn: (p, q) => Float64Array.from(p, (value, i) => (value > (q[i] ?? NaN) ? 1 : 0)),
    },
  ],
  hints: [
    "At one point the value is p log D + q log(1 − D): set its derivative by D to zero.",
    "p/D = q/(1 − D), so D = p/(p + q), point by point.",
  ],
});

type Divergence = (p: ArrayLike<number>, q: ArrayLike<number>) => number;

function kl(p: Numbers, q: Numbers): number {
  return sum(p.map((value, i) => value * Math.log(value / (q[i] ?? NaN))));
}

const middle = (p: Numbers, q: Numbers): number[] =>
  p.map((value, i) => (value + (q[i] ?? NaN)) / 2);

defineCheck<Divergence>({
  id: "GAN.6",
  solution: jensenShannon,
  probes: valueProbes({
    cases: DENSITY_CASES,
    call: (fn: Divergence, { p, q }) => fn(p.dataSync(), q.dataSync()),
    reference: ({ p, q }) => (kl(p, middle(p, q)) + kl(q, middle(p, q))) / 2,
  }),
  mistakes: [
    {
      says: "The square root is taken: that is the distance, not the divergence.",
      fn: (p, q) => Math.sqrt(jensenShannon(p, q)),
    },
    {
      says: "The logarithm has base 2; nats take the natural logarithm.",
      fn: (p, q) => jensenShannon(p, q) / Math.LN2,
    },
    {
      says: "p and q are compared with each other; both are compared with their mean.",
      fn: (p, q) => (kl([...toList(p)], toList(q)) + kl(toList(q), toList(p))) / 2,
    },
    {
      says: "Only p is compared with the mean; q counts as much.",
      fn: (p, q) => kl(toList(p), middle(toList(p), toList(q))),
    },
  ],
  hints: [
    "Compare each of the two with their mean m = (p + q)/2.",
    "½ Σ p log(p/m) + ½ Σ q log(q/m).",
  ],
});

function toList(values: ArrayLike<number>): number[] {
  return Array.from(values);
}
