import { diffusion, tf } from "latentlab";

import { count, given, number, record, rng, tensor, word } from "./argument";
import { type Subject, takes } from "./subject";

const SCHEDULE = given(() => diffusion.linearSchedule(10));
/** Two points, whose timesteps and companions settle their sizes. */
const POINTS = tensor([2, 3], { fixed: [0, 1] });
/** Two examples of any shape, with a timestep each. */
const ANY_BATCH = tensor([2, 3], { fixed: [0], anyRank: true });
const TIMES = tensor([2], { dtype: "int32", fixed: [0] });
const SCALE = number(2);
const LOG_DENSITY = given(() => (xt: tf.Tensor) => xt.sum(1));
const GAUSSIAN = record({
  mean: POINTS,
  logVar: {
    valid: () => tf.zeros([2, 1]),
    faults: tensor([2, 1], { fixed: [0] }).faults,
  },
});
const DENOISER = given(() => (xt: tf.Tensor) => xt.mul(0.5));

/** The forward and reverse process, and guidance. */
export const PROCESS: Readonly<Record<string, Subject>> = {
  "diffusion.atTimesteps": takes(
    diffusion.atTimesteps,
    given(() => [1, 0.5]),
    TIMES,
    ANY_BATCH,
  ),
  "diffusion.qSample": takes(
    diffusion.qSample,
    SCHEDULE,
    TIMES,
    record({ x0: POINTS, noise: POINTS }),
  ),
  "diffusion.qStep": takes(
    diffusion.qStep,
    SCHEDULE,
    TIMES,
    record({ previous: POINTS, noise: POINTS }),
  ),
  "diffusion.forwardChain": takes(
    (...args: Parameters<typeof diffusion.forwardChain>) => {
      for (const state of diffusion.forwardChain(...args)) if (state.t === 3) break;
    },
    SCHEDULE,
    tensor([2, 3], { anyRank: true }),
    rng,
  ),
  "diffusion.posterior": takes(
    diffusion.posterior,
    SCHEDULE,
    TIMES,
    record({ x0: POINTS, xt: POINTS }),
  ),
  "diffusion.clippedPosteriorVariance": takes(
    diffusion.clippedPosteriorVariance,
    SCHEDULE,
    count(10, { max: 10 }),
  ),
  "diffusion.posteriorLogVariance": takes(
    diffusion.posteriorLogVariance,
    SCHEDULE,
    TIMES,
    ANY_BATCH,
  ),
  "diffusion.x0FromNoise": takes(
    diffusion.x0FromNoise,
    SCHEDULE,
    TIMES,
    record({ xt: POINTS, noise: POINTS }),
  ),
  "diffusion.noiseFromX0": takes(
    diffusion.noiseFromX0,
    SCHEDULE,
    TIMES,
    record({ xt: POINTS, x0: POINTS }),
  ),
  "diffusion.velocity": takes(
    diffusion.velocity,
    SCHEDULE,
    TIMES,
    record({ x0: POINTS, noise: POINTS }),
  ),
  "diffusion.x0FromVelocity": takes(
    diffusion.x0FromVelocity,
    SCHEDULE,
    TIMES,
    record({ xt: POINTS, v: POINTS }),
  ),
  "diffusion.noiseFromVelocity": takes(
    diffusion.noiseFromVelocity,
    SCHEDULE,
    TIMES,
    record({ xt: POINTS, v: POINTS }),
  ),
  "diffusion.scoreFromNoise": takes(diffusion.scoreFromNoise, SCHEDULE, TIMES, ANY_BATCH),
  "diffusion.noiseFromScore": takes(diffusion.noiseFromScore, SCHEDULE, TIMES, ANY_BATCH),
  "diffusion.asDenoiser": takes(diffusion.asDenoiser, DENOISER, SCHEDULE, word("x0")),
  "diffusion.reverseMean": takes(
    diffusion.reverseMean,
    SCHEDULE,
    TIMES,
    record({ xt: POINTS, noise: POINTS }),
  ),
  "diffusion.fixedLogVariance": takes(
    diffusion.fixedLogVariance,
    SCHEDULE,
    TIMES,
    ANY_BATCH,
    word("beta"),
  ),
  "diffusion.reverseKernel": takes(diffusion.reverseKernel, DENOISER, SCHEDULE, word("posterior")),
  "diffusion.learnedLogVariance": takes(diffusion.learnedLogVariance, SCHEDULE, TIMES, ANY_BATCH),
  "diffusion.learnedVarianceKernel": takes(diffusion.learnedVarianceKernel, DENOISER, SCHEDULE),
  "diffusion.sampleStep": takes(diffusion.sampleStep, GAUSSIAN, TIMES, POINTS),
  "diffusion.guidedScore": takes(
    diffusion.guidedScore,
    record({ score: POINTS, gradient: POINTS }),
    SCALE,
  ),
  "diffusion.guidedMean": takes(diffusion.guidedMean, GAUSSIAN, POINTS, SCALE),
  "diffusion.guidedStep": takes(
    diffusion.guidedStep,
    GAUSSIAN,
    TIMES,
    record({ gradient: POINTS, noise: POINTS, guidanceScale: SCALE }),
  ),
  "diffusion.guidedNoise": takes(
    diffusion.guidedNoise,
    SCHEDULE,
    TIMES,
    record({ noise: POINTS, gradient: POINTS }),
    SCALE,
  ),
  "diffusion.combineNoise": takes(
    diffusion.combineNoise,
    record({ conditional: POINTS, unconditional: POINTS }),
    SCALE,
  ),
  "diffusion.rescaleGuided": takes(
    diffusion.rescaleGuided,
    record({ guided: POINTS, conditional: POINTS }),
    number(0.7, { min: 0, max: 1 }),
  ),
  "diffusion.logDensityGradient": takes(
    diffusion.logDensityGradient,
    LOG_DENSITY,
    ANY_BATCH,
    TIMES,
  ),
  "diffusion.guided": takes(
    diffusion.guided,
    DENOISER,
    LOG_DENSITY,
    record({ schedule: SCHEDULE, guidanceScale: SCALE }),
  ),
  "diffusion.guidedKernel": takes(diffusion.guidedKernel, DENOISER, LOG_DENSITY, SCALE),
  "diffusion.onImpliedX0": takes(
    diffusion.onImpliedX0,
    given(() => (x0: tf.Tensor) => x0.sum(1)),
    DENOISER,
    SCHEDULE,
  ),
  "diffusion.classifierFree": takes(
    diffusion.classifierFree,
    DENOISER,
    record({
      guidanceScale: SCALE,
      nullCondition: given(() => diffusion.nullLabels(10)),
      rescale: number(0.5, { min: 0, max: 1 }),
    }),
  ),
  "diffusion.nullLabels": takes(diffusion.nullLabels, count(10, { min: 0 })),
  "diffusion.dropCaptions": takes(
    diffusion.dropCaptions,
    tensor([2, 3], { dtype: "int32" }),
    rng,
    record({ captionDropProbability: number(0.1, { min: 0, max: 1 }) }),
  ),
  "diffusion.dropLabels": takes(
    diffusion.dropLabels,
    tensor([2], { dtype: "int32" }),
    rng,
    record({
      nullLabel: count(10, { min: 0 }),
      labelDropProbability: number(0.1, { min: 0, max: 1 }),
    }),
  ),
};
