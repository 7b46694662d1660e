import { ValueError } from "../core/errors";
import { assertOneOf } from "../core/guard";
import type { Batch, Denoiser, Images, Labels } from "../core/types";
import type { NoiseSchedule } from "../diffusion/schedule";
import { tf } from "../engine/tf";
import { ScheduledNetwork, type ScheduleOptions } from "./read-network";
import { defineSampler, pairs, type Sampler } from "./sampler";

export type PndmOptions<X extends Batch> = ScheduleOptions<X> & {
  /**
   * How to come by the first past predictions: three Runge–Kutta steps of four network calls each,
   * or "linear", one step of two calls. Default "runge-kutta".
   */
  readonly start?: "runge-kutta" | "linear";
};

/**
 * One call of the network, at time `at`, and the transfer from `from` to `to` along a mean of ε̂ and
 * of what is remembered: a sum within a Runge–Kutta step, and the newest three predictions.
 */
type Call = {
  readonly at: number;
  readonly from: number;
  readonly to: number;
  /** Whether it goes on from x; if not, from where the call before did. */
  readonly isNew: boolean;
  /** Weights of ε̂, of the sum, and of the past predictions, newest first. */
  readonly weights: readonly [now: number, sum: number, ...past: number[]];
  /** Weight with which ε̂ joins the sum; without it the sum is forgotten. */
  readonly joinsSum?: number;
  /** Whether ε̂ is remembered. */
  readonly isKept?: boolean;
};

/**
 * Pseudo numerical methods for diffusion models: DDIM's transfer along a fourth-order mean of the
 * present and past predictions (linear multistep, PLMS).
 *
 * @eq PNDM.9 x_s = √(ᾱ_s/ᾱ_t) x_t + (√(1−ᾱ_s) − √(ᾱ_s/ᾱ_t) √(1−ᾱ_t)) ε′
 * @eq PNDM.12 ε′ = (55 ε̂ − 59 ε̂⁻ + 37 ε̂⁻⁻ − 9 ε̂⁻⁻⁻) / 24
 * @throws ValueError
 * @see Liu et al. 2022, arXiv:2202.09778v2
 */
export function pndm<X extends Batch = Images, C = Labels>(
  denoise: Denoiser<X, C>,
  schedule: NoiseSchedule,
  { start = "runge-kutta", ...options }: PndmOptions<X> = {},
): Sampler<X, C> {
  assertOneOf("pndm", "start", start, ["runge-kutta", "linear"]);
  const network = new ScheduledNetwork("pndm", denoise, schedule, options);
  return defineSampler({
    memorySize: 5,
    times: (numSteps) => network.times(numSteps),
    moves: (times) =>
      calls(times, start).map((call) => {
        const { at, from, to, isNew, weights, joinsSum = 0, isKept = false } = call;
        const [now, next] = [network.alphaBar(from), network.alphaBar(to)];
        const keep = Math.sqrt(next / now);
        const [ofNow, ofSum, of1 = 0, of2 = 0, of3 = 0] = weights;
        const numbers = {
          ...{ ...network.numbers(at), isNew: Number(isNew), isKept: Number(isKept) },
          ...{ keep, gain: Math.sqrt(1 - next) - keep * Math.sqrt(1 - now) },
          ...{ ofNow, ofSum, of1, of2, of3, joinsSum, remembersSum: Number(joinsSum > 0) },
        };
        return { t: from, tNext: to, numbers };
      }),
    step(input, c) {
      const { x, memory } = input;
      const [base, sum, e1, e2, e3] = memory as [X, X, X, X, X];
      const { x0, predictedNoise: e } = network.read(x, network.ask(input, c), c);
      const from = mix(base, x, c.isNew);
      const past = e1.mul(c.of1).add(e2.mul(c.of2)).add(e3.mul(c.of3));
      const direction = e.mul(c.ofNow).add(sum.mul(c.ofSum)).add(past);
      const nextSum = sum.mul<X>(c.remembersSum).add<X>(e.mul(c.joinsSum));
      const kept = [mix(e1, e, c.isKept), mix(e2, e1, c.isKept), mix(e3, e2, c.isKept)];
      const next = from.mul(c.keep).add<X>(direction.mul(c.gain));
      return { x: next, x0, memory: [from, nextSum, ...kept] };
    },
  });
}

/** Weights of the present prediction and the past ones, by how many of these there are. */
const ADAMS_BASHFORTH: readonly (readonly number[])[] = [
  [1],
  [3 / 2, -1 / 2],
  [23 / 12, -16 / 12, 5 / 12],
  [55 / 24, -59 / 24, 37 / 24, -9 / 24],
];

function calls(times: readonly number[], start: "runge-kutta" | "linear"): Call[] {
  const steps = pairs(times);
  const known = start === "linear" ? 1 : 3; // predictions, after as many steps
  if (steps.length <= known) {
    throw new ValueError(
      `pndm: ${steps.length} steps are too few.`,
      `Take more than ${known} with a ${start} start.`,
    );
  }
  const firstCalls = start === "linear" ? improvedEuler : rungeKutta;
  const rest = steps.slice(known).map(([t, s], i): Call => {
    const [now = 1, ...past] = ADAMS_BASHFORTH[Math.min(known + i, 3)] ?? [];
    return { at: t, from: t, to: s, isNew: true, weights: [now, 0, ...past], isKept: true };
  });
  return [...steps.slice(0, known).flatMap(firstCalls), ...rest];
}

function improvedEuler([t, s]: readonly [number, number]): Call[] {
  const step = { from: t, to: s };
  return [
    { ...step, at: t, isNew: true, weights: [1, 0], isKept: true },
    { ...step, at: s, isNew: false, weights: [1 / 2, 0, 1 / 2] },
  ];
}

function rungeKutta([t, s]: readonly [number, number]): Call[] {
  const middle = Math.floor((t + s) / 2);
  return [
    { at: t, from: t, to: middle, isNew: true, weights: [1, 0], joinsSum: 1 / 6, isKept: true },
    { at: middle, from: t, to: middle, isNew: false, weights: [1, 0], joinsSum: 1 / 3 },
    { at: middle, from: t, to: s, isNew: false, weights: [1, 0], joinsSum: 1 / 3 },
    { at: s, from: t, to: s, isNew: false, weights: [1 / 6, 1] },
  ];
}

/** a where the weight is 0, b where it is 1. */
function mix<X extends Batch>(a: X, b: X, weight: tf.Scalar): X {
  return a.mul(tf.sub(1, weight)).add(b.mul(weight));
}
