import { diffusion, samplers, type tf } from "latentlab";

import { type Argument, given, number, record, word } from "./argument";
import { type Subject, takes } from "./subject";

const DENOISER = given(() => (x: tf.Tensor) => x.mul(0));
const SCHEDULE = given(() => diffusion.linearSchedule(10));
const SIGMA_DENOISER = given(() => (x: tf.Tensor) => x.mul(0));
const unit = (value: number): Argument => number(value, { min: 0, max: 1 });
const ON_SCHEDULE = { predicts: word("noise") };

export const SAMPLERS: Readonly<Record<string, Subject>> = {
  "samplers.ddpm": takes(
    samplers.ddpm,
    DENOISER,
    SCHEDULE,
    record({ ...ON_SCHEDULE, variance: word("fixed-small") }),
  ),
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
};
