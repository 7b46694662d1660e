import { compile } from "../compile";
import { ValueError } from "../core/errors";
import type { Batch, Images, Labels, ScoreFunction } from "../core/types";
import { assertBatch } from "../diffusion/at-timesteps";
import { integrate, type Integral, type IntegrateOptions } from "../diffusion/ode";
import { probabilityFlow, type Sde } from "../diffusion/sde/sde";
import { tf } from "../engine/tf";
import { defineSampler, pairs, repeated, type Sampler } from "./sampler";
import { assertSdeTimes, cleanFrom, levelAt, type SdeTimes, sdeTimes } from "./score-times";

export type FlowOptions = SdeTimes & {
  /** 1 is Euler's method; 2, the default, Heun's, with two calls of the score a step. */
  readonly order?: 1 | 2;
};

/**
 * Fixed steps along the probability flow of an SDE: no noise but the first.
 *
 * @eq SDE.13
 * @throws ValueError
 * @see Song et al. 2021, arXiv:2011.13456v2, §4.3
 */
export function flowSteps<X extends Batch = Images, C = Labels>(
  score: ScoreFunction<X>,
  sde: Sde,
  { order = 2, ...options }: FlowOptions = {},
): Sampler<X, C> {
  if (order !== 1 && order !== 2) {
    throw new ValueError(`flowSteps: order must be 1 or 2, got ${String(order)}.`);
  }
  const times = (numSteps = 100): number[] => sdeTimes("flowSteps", options, numSteps);
  times();
  return defineSampler({
    times,
    startScale: () => sde.priorStd,
    moves: (visited) =>
      pairs(assertSdeTimes("flowSteps", visited)).map(([t, tNext]) => {
        const [now, then] = [sde.coefficients(t), sde.coefficients(tNext)];
        const next = { driftRateNext: then.driftRate, diffusionNext: then.diffusion };
        const numbers = { t, h: tNext - t, end: tNext, ...now, ...next, ...levelAt(sde, t) };
        return { t, tNext, numbers };
      }),
    step({ x }, { t, h, end, driftRateNext, diffusionNext, ...now }) {
      const s = score(x, repeated(t, x));
      const slope = probabilityFlow({ x, score: s }, now);
      const x0 = cleanFrom(x, s, now);
      const guess = x.add<X>(slope.mul(h));
      if (order === 1) return { x: guess, x0 };
      const then = { driftRate: driftRateNext, diffusion: diffusionNext };
      const scoreNext = score(guess, repeated(end, x));
      const slopeNext = probabilityFlow({ x: guess, score: scoreNext }, then);
      return { x: x.add(slope.add(slopeNext).mul(h).mul(0.5)), x0 };
    },
  });
}

/**
 * Along the probability flow in steps as long as the error allows: from t = 1 down it makes data of
 * noise, upwards it finds the noise that stands for data.
 *
 * @eq SDE.13
 * @param x `[B, ...]` at the time `from`
 * @param options `compile`: false computes op by op
 * @returns x at the time `to`, which the caller owns, and what it took
 * @throws as `integrate`
 */
export async function adaptiveFlow<X extends Batch>(
  score: ScoreFunction<X>,
  sde: Sde,
  x: X,
  options: IntegrateOptions & { readonly compile?: boolean },
): Promise<Integral<X>> {
  assertBatch("adaptiveFlow", "x", x);
  const run = options.compile === false ? undefined : compile((at: X, t: tf.Tensor1D) => score(at, t)); // prettier-ignore
  const ask = run ?? score;
  try {
    return await integrate(
      (at: X, t) => {
        const times = tf.fill([x.shape[0] as number], t) as tf.Tensor1D;
        return probabilityFlow({ x: at, score: ask(at, times) }, sde.coefficients(t));
      },
      x,
      options,
    );
  } finally {
    run?.dispose();
  }
}
