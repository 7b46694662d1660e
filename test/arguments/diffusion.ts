import { diffusion, type tf } from "latentlab";

import {
  type Argument,
  count,
  given,
  number,
  numbers,
  record,
  rng,
  tensor,
  word,
} from "./argument";
import { constructs, type Subject, takes } from "./subject";

const STEPS = count(10);
const BETA_RANGE = record({
  betaStart: number(1e-4, { min: 0, max: 0.02 }),
  betaEnd: number(0.02, { min: 1e-4, max: 1 }),
});
const SCHEDULE = given(() => diffusion.linearSchedule(10));
const SIGMAS = { sigmaMin: number(0.002, { min: 1e-9 }), sigmaMax: number(80, { min: 0.002 }) };

const BETAS: Argument = {
  ...numbers([0.1, 0.2]),
  faults: [
    ...numbers([0.1, 0.2]).faults,
    { what: "a beta of 0", make: () => [0, 0.2] },
    { what: "a beta above 1", make: (draw) => [0.1, 1 + draw(1, 9)] },
    { what: "a beta below 0", make: (draw) => [draw(-9, -1), 0.1] },
  ],
};

type Schedule = diffusion.NoiseSchedule;

/** Two points, whose timesteps and companions settle their sizes. */
const POINTS = tensor([2, 3], { fixed: [0, 1] });
/** Two examples of any shape, with a timestep each. */
const ANY_BATCH = tensor([2, 3], { fixed: [0], anyRank: true });
const TIMES = tensor([2], { dtype: "int32", fixed: [0] });
const DENOISER = given(() => (xt: tf.Tensor) => xt.mul(0.5));

export const DIFFUSION: Readonly<Record<string, Subject>> = {
  "diffusion.NoiseSchedule": constructs(diffusion.NoiseSchedule, BETAS),
  "diffusion.NoiseSchedule.snr": takes(
    (schedule: Schedule, t: number) => schedule.snr(t),
    SCHEDULE,
    count(10, { min: 0, max: 10 }),
  ),
  "diffusion.NoiseSchedule.posteriorVariance": takes(
    (schedule: Schedule, t: number) => schedule.posteriorVariance(t),
    SCHEDULE,
    count(10, { max: 10 }),
  ),
  "diffusion.NoiseSchedule.posteriorMean": takes(
    (schedule: Schedule, t: number) => schedule.posteriorMean(t),
    SCHEDULE,
    count(10, { max: 10 }),
  ),
  "diffusion.linearSchedule": takes(diffusion.linearSchedule, STEPS, BETA_RANGE),
  "diffusion.scaledLinearSchedule": takes(diffusion.scaledLinearSchedule, STEPS, BETA_RANGE),
  "diffusion.quadraticSchedule": takes(diffusion.quadraticSchedule, STEPS, BETA_RANGE),
  "diffusion.sigmoidSchedule": takes(diffusion.sigmoidSchedule, STEPS, BETA_RANGE),
  "diffusion.cosineSchedule": takes(
    diffusion.cosineSchedule,
    STEPS,
    record({
      offset: number(0.008, { min: 0, max: 1 }),
      maxBeta: number(0.999, { min: 0, max: 1 }),
    }),
  ),
  "diffusion.rescaleToZeroTerminalSnr": takes(diffusion.rescaleToZeroTerminalSnr, SCHEDULE),
  "diffusion.karrasSigmas": takes(
    diffusion.karrasSigmas,
    STEPS,
    record({ ...SIGMAS, rho: number(7, { min: 1e-9 }) }),
  ),
  "diffusion.exponentialSigmas": takes(diffusion.exponentialSigmas, STEPS, record(SIGMAS)),
  "diffusion.vpSigmas": takes(
    diffusion.vpSigmas,
    STEPS,
    record({
      betaSlope: number(19.9, { min: 0 }),
      betaMin: number(0.1, { min: 1e-9 }),
      minTime: number(1e-3, { min: 0, max: 1 }),
    }),
  ),
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
  "diffusion.clipX0": takes(diffusion.clipX0, DENOISER, SCHEDULE, {
    valid: () => [-1, 1],
    faults: [
      { what: "descending", make: () => [1, -1] },
      { what: "NaN", make: () => [NaN, 1] },
    ],
  }),
  "diffusion.spacedTimesteps": takes(
    diffusion.spacedTimesteps,
    count(10, { min: 5 }),
    count(5, { max: 10 }),
    word("trailing"),
  ),
};
