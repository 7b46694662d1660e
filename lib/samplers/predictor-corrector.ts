import { assertInRange, assertInteger } from "../core/guard";
import type { Batch, Images, Labels, ScoreFunction } from "../core/types";
import type { Sde } from "../diffusion/sde/sde";
import type { tf } from "../engine/tf";
import type { ReverseSdeOptions } from "./euler-maruyama";
import { correctorStepSize, langevinStep } from "./langevin";
import { defineSampler, pairs, repeated, type Sampler } from "./sampler";
import { cleanFrom, levelAt, sdeTimes } from "./score-times";

export type PredictorCorrectorOptions = ReverseSdeOptions & {
  /** r: signal-to-noise ratio of the corrector, which sets its step. */
  readonly snr?: number;
  /** Langevin steps before each prediction; 0 leaves the predictor alone. */
  readonly correctorSteps?: number;
};

/**
 * Langevin steps at a time, which bring x nearer to p_t, then a step of the SDE to the next: the
 * forward step from tNext to t is linear, x_t = r x + √v ε, and is taken backwards as it stands.
 *
 * @eq SDE.46  x ← (2 − r) x + v·score + √v z, r = scale_t / scale_s, v = sigma_t² − r² sigma_s²
 * @throws ValueError
 * @see Song et al. 2021, arXiv:2011.13456v2, appendices E and G; their α_i of VP is 1 here
 */
export function predictorCorrector<X extends Batch = Images, C = Labels>(
  score: ScoreFunction<X>,
  sde: Pick<Sde, "marginal" | "priorStd">,
  options: PredictorCorrectorOptions = {},
): Sampler<X, C> {
  const { snr = 0.16, correctorSteps = 1, isLastNoisy = false } = options;
  assertInRange("predictorCorrector", "snr", snr, [0, Number.MAX_VALUE]);
  assertInteger("predictorCorrector", "correctorSteps", correctorSteps, 0);
  const times = (numSteps = 500): number[] => sdeTimes("predictorCorrector", options, numSteps);
  times();
  return defineSampler({
    times,
    startScale: () => sde.priorStd,
    moves: (visited) =>
      pairs(visited).map(([t, tNext], i, { length }) => {
        const [now, next] = [levelAt(sde, t), levelAt(sde, tNext)];
        const ratio = now.scale / next.scale;
        const added = now.sigma ** 2 - (ratio * next.sigma) ** 2;
        const spread = i < length - 1 || isLastNoisy ? Math.sqrt(added) : 0;
        return { t, tNext, numbers: { t, kept: 2 - ratio, added, spread, ...now } };
      }),
    step({ x: before, rng }, { t, kept, added, spread, ...now }) {
      const time = repeated(t, before);
      let x = before;
      for (let i = 0; i < correctorSteps; i++) {
        const [s, noise] = [score(x, time), rng.normal<X>(x.shape)];
        const half = correctorStepSize({ score: s, noise }, snr);
        x = langevinStep({ x, score: s, noise }, half.mul<tf.Scalar>(2));
      }
      const s = score(x, time);
      const mean = x.mul<X>(kept).add<X>(s.mul(added));
      return { x: mean.add(rng.normal(x.shape).mul(spread)), x0: cleanFrom(x, s, now) };
    },
  });
}
