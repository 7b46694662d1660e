import { diffusion, models, objectives, Rng, type tf } from "latentlab";

import {
  type Argument,
  count,
  fixture,
  given,
  late,
  number,
  record,
  rng,
  tensor,
  word,
} from "./argument";
import { constructs, type Subject, takes } from "./subject";

const TIME = number(0.5, { min: 0, max: 1 });
const LINE = record({
  betaMin: number(0.1, { min: 1e-9, max: 20 }),
  betaMax: number(20, { min: 0.1 }),
});
const RANGE = record({
  sigmaMin: number(0.1, { min: 1e-9, max: 5 }),
  sigmaMax: number(5, { min: 0.1 }),
});

/** Batches of one shape `[2, 3]`. */
const POINTS = tensor([2, 3], { fixed: [0, 1], anyRank: true });
const PER_EXAMPLE = late(tensor([2], { fixed: [0] }));
/** Times of a batch: whole or real numbers. */
const EITHER_TIMES: Argument = {
  ...tensor([2], { fixed: [0] }),
  faults: tensor([2], { fixed: [0] }).faults.filter(({ what }) => what !== "int32"),
};
const FIELD = given(() => (x: tf.Tensor) => x.mul(-1));
const SDE = given(() => diffusion.vpSde());
const COEFFICIENTS = given(() => ({ driftRate: -1, diffusion: 2 }));
const TOLERANCES = {
  absolute: number(1e-3, { min: 1e-12 }),
  relative: number(1e-3, { min: 0 }),
  maxSteps: count(1000),
};

/** Shapes of data that any batch may have: only what is no tensor of floats is wrong. */
const DATA: Argument = { ...tensor([2, 3]), faults: tensor([2, 3], { anyRank: true }).faults };
const BATCHES = (...names: string[]): Argument =>
  record(Object.fromEntries(names.map((name) => [name, POINTS])));

export const SCORES: Readonly<Record<string, Subject>> = {
  "diffusion.vpMarginal": takes(diffusion.vpMarginal, TIME, LINE),
  "diffusion.subVpMarginal": takes(diffusion.subVpMarginal, TIME, LINE),
  "diffusion.veMarginal": takes(diffusion.veMarginal, TIME, RANGE),
  "diffusion.veSigma": takes(diffusion.veSigma, TIME, RANGE),
  "diffusion.vpSde": takes(diffusion.vpSde, LINE),
  "diffusion.subVpSde": takes(diffusion.subVpSde, LINE),
  "diffusion.veSde": takes(diffusion.veSde, RANGE),
  "diffusion.discretiseVp": takes(diffusion.discretiseVp, count(100), LINE),
  "diffusion.geometricSigmas": takes(diffusion.geometricSigmas, count(5, { min: 2 }), RANGE),
  "diffusion.forwardDrift": takes(diffusion.forwardDrift, DATA, COEFFICIENTS),
  "diffusion.reverseDrift": takes(diffusion.reverseDrift, BATCHES("x", "score"), COEFFICIENTS),
  "diffusion.probabilityFlow": takes(
    diffusion.probabilityFlow,
    BATCHES("x", "score"),
    COEFFICIENTS,
  ),
  "diffusion.addNoise": takes(
    diffusion.addNoise,
    given(() => ({ scale: 1, sigma: 2 })),
    BATCHES("x0", "noise"),
  ),
  "diffusion.sdeScore": takes(
    diffusion.sdeScore,
    FIELD,
    SDE,
    record({ timeScale: number(1000, { min: 1e-9 }) }),
  ),
  "diffusion.exactDivergence": takes(diffusion.exactDivergence, FIELD, DATA),
  "diffusion.hutchinsonDivergence": takes(diffusion.hutchinsonDivergence, FIELD, POINTS, POINTS),
  "diffusion.dormandPrinceStep": takes(
    diffusion.dormandPrinceStep,
    FIELD,
    DATA,
    record({ t: number(0), h: number(0.1) }),
  ),
  "diffusion.integrate": takes(
    diffusion.integrate,
    FIELD,
    DATA,
    record({ from: number(0), to: number(1), ...TOLERANCES }),
  ),
  "diffusion.flowLikelihood": takes(
    diffusion.flowLikelihood,
    FIELD,
    SDE,
    DATA,
    record({ minTime: number(0.01, { min: 0, max: 1 }), ...TOLERANCES }),
  ),
  "diffusion.bitsPerDimension": takes(
    diffusion.bitsPerDimension,
    number(-3),
    count(2),
    record({ binWidth: number(0.5, { min: 1e-9 }) }),
  ),
  "objectives.squaredLength": takes(objectives.squaredLength, DATA),
  "objectives.explicitScoreMatching": takes(objectives.explicitScoreMatching, POINTS, POINTS),
  "objectives.implicitScoreMatching": takes(objectives.implicitScoreMatching, FIELD, DATA),
  "objectives.slicedScoreMatching": takes(objectives.slicedScoreMatching, FIELD, POINTS, POINTS),
  "objectives.denoisingScoreMatching": takes(
    objectives.denoisingScoreMatching,
    FIELD,
    POINTS,
    record({ sigma: number(0.5, { min: 1e-9 }), noise: POINTS }),
  ),
  "objectives.ncsnLoss": takes(
    objectives.ncsnLoss,
    FIELD,
    POINTS,
    record({ sigma: PER_EXAMPLE, noise: POINTS }),
  ),
  "objectives.scoreSdeLoss": takes(
    objectives.scoreSdeLoss,
    FIELD,
    SDE,
    POINTS,
    record({ t: PER_EXAMPLE, noise: POINTS, weighting: word("likelihood") }),
  ),
  "models.PointDenoiser": constructs(
    models.PointDenoiser,
    record({
      dim: count(2),
      hiddenSize: count(8, { min: 2 }),
      depth: count(1),
      numClasses: count(3),
    }),
    rng,
  ),
  "models.PointDenoiser.forward": takes(
    (model: models.PointDenoiser, ...inputs: [never, never, never]) => model.forward(...inputs),
    fixture(() => new models.PointDenoiser({ hiddenSize: 8, numClasses: 3 }, new Rng(1))),
    tensor([2, 2], { fixed: [0, 1] }),
    EITHER_TIMES,
    tensor([2], { dtype: "int32", fixed: [0] }),
  ),
};
