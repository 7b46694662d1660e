import { diffusion, samplers, type tf } from "latentlab";

import { type Argument, count, given, number, numbers, record, tensor, word } from "./argument";
import { type Subject, takes } from "./subject";

const DENOISER = given(() => (x: tf.Tensor) => x.mul(0));
const SCHEDULE = given(() => diffusion.linearSchedule(10));
const KERNEL = given(() =>
  diffusion.reverseKernel((x: tf.Tensor) => x.mul(0), diffusion.linearSchedule(10)),
);
const SIGMA_DENOISER = given(() => (x: tf.Tensor) => x.mul(0));
const unit = (value: number): Argument => number(value, { min: 0, max: 1 });
const ON_SCHEDULE = { predicts: word("noise") };

const SDE = given(() => diffusion.vpSde());
const POINTS_ALONE: Argument = {
  ...tensor([2, 3]),
  faults: tensor([2, 3], { anyRank: true }).faults,
};
const MIN_TIME = { minTime: number(0.01, { min: 0, max: 1 }) };
/** Batches of one shape `[2, 3]`. */
const POINTS = tensor([2, 3], { fixed: [0, 1], anyRank: true });

export const SAMPLERS: Readonly<Record<string, Subject>> = {
  "samplers.ddpm": takes(
    samplers.ddpm,
    DENOISER,
    SCHEDULE,
    record({ ...ON_SCHEDULE, variance: word("fixed-small") }),
  ),
  "samplers.ancestral": takes(samplers.ancestral, KERNEL, SCHEDULE),
  "samplers.ddim": takes(
    samplers.ddim,
    DENOISER,
    SCHEDULE,
    record({ ...ON_SCHEDULE, eta: number(0.5, { min: 0, max: 1 }) }),
  ),
  "samplers.ddimInversion": takes(samplers.ddimInversion, DENOISER, SCHEDULE, record(ON_SCHEDULE)),
  "samplers.dpmSolver": takes(samplers.dpmSolver, DENOISER, SCHEDULE, record(ON_SCHEDULE)),
  "samplers.pndm": takes(
    samplers.pndm,
    DENOISER,
    SCHEDULE,
    record({ ...ON_SCHEDULE, start: word("linear") }),
  ),
  "samplers.eulerAncestral": takes(
    samplers.eulerAncestral,
    SIGMA_DENOISER,
    record({ eta: number(0.5, { min: 0, max: 1 }) }),
  ),
  "samplers.heun": takes(samplers.heun, SIGMA_DENOISER, record({ churn: number(1, { min: 0 }) })),
  "samplers.ddpmCoefficients": takes(samplers.ddpmCoefficients, unit(0.3), unit(0.6)),
  "samplers.ddimCoefficients": takes(samplers.ddimCoefficients, unit(0.3), unit(0.6), unit(0.5)),
  "samplers.dpmSolverCoefficients": takes(
    samplers.dpmSolverCoefficients,
    unit(0.3),
    unit(0.6),
    unit(0.1),
  ),
  "samplers.clipTo": takes(samplers.clipTo, number(-1, { max: 1 }), number(1, { min: -1 })),
  "samplers.dynamicThreshold": takes(
    samplers.dynamicThreshold,
    record({ ratio: number(0.9, { min: 0, max: 1 }) }),
  ),
  "samplers.langevinStep": takes(
    samplers.langevinStep,
    record({ x: POINTS, score: POINTS, noise: POINTS }),
    number(0.1, { min: 0 }),
  ),
  "samplers.correctorStepSize": takes(
    samplers.correctorStepSize,
    record({ score: POINTS, noise: POINTS }),
    number(0.16),
  ),
  "samplers.eulerMaruyamaStep": takes(
    samplers.eulerMaruyamaStep,
    record({ x: POINTS, drift: POINTS, noise: POINTS }),
    record({ h: number(-0.1), diffusion: number(2) }),
  ),
  "samplers.eulerMaruyama": takes(samplers.eulerMaruyama, DENOISER, SDE, record(MIN_TIME)),
  "samplers.flowSteps": takes(samplers.flowSteps, DENOISER, SDE, record(MIN_TIME)),
  "samplers.predictorCorrector": takes(
    samplers.predictorCorrector,
    DENOISER,
    SDE,
    record({ ...MIN_TIME, snr: number(0.1, { min: 0 }), correctorSteps: count(1, { min: 0 }) }),
  ),
  "samplers.adaptiveFlow": takes(
    samplers.adaptiveFlow,
    DENOISER,
    SDE,
    POINTS_ALONE,
    record({ from: number(1), to: number(0), maxSteps: count(1000) }),
  ),
  "samplers.annealedLangevin": takes(
    samplers.annealedLangevin,
    DENOISER,
    record({
      sigmaMin: number(0.1, { min: 1e-9, max: 5 }),
      sigmaMax: number(5, { min: 0.1 }),
      epsilon: number(0.01, { min: 1e-9 }),
      stepsPerLevel: count(3),
    }),
  ),
  "samplers.annealedStepSizes": takes(
    samplers.annealedStepSizes,
    {
      ...numbers([2, 1]),
      faults: numbers([2, 1]).faults.filter(({ what }) => what !== "an ∞ in the list"),
    },
    number(0.1, { min: 1e-9 }),
  ),
};
