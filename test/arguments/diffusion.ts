import { diffusion, type tf } from "latentlab";

import { type Argument, count, given, number, numbers, record, tensor, word } from "./argument";
import { constructs, type Subject, takes } from "./subject";

const STEPS = count(10);
const BETA_RANGE = record({
  betaStart: number(1e-4, { min: 0, max: 0.02 }),
  betaEnd: number(0.02, { min: 1e-4, max: 1 }),
});
/** Both ends in one: of another shape they differ. */
const END = tensor([3, 2], { fixed: [0, 1] });
const ENDS = record({ noise: END, data: END });
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
  "diffusion.slerp": takes(
    diffusion.slerp,
    tensor([2, 3], { fixed: [0, 1] }),
    tensor([2, 3], { fixed: [0, 1] }),
    number(0.3, { min: 0, max: 1 }),
  ),
  "diffusion.keepKnown": takes(diffusion.keepKnown, END, record({ clean: END, mask: END })),
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
  "diffusion.spacedTimesteps": takes(
    diffusion.spacedTimesteps,
    count(10, { min: 5 }),
    count(5, { max: 10 }),
    word("trailing"),
  ),
  "diffusion.sigmaOfTimestep": takes(
    diffusion.sigmaOfTimestep,
    SCHEDULE,
    number(2.5, { min: 0, max: 10 }),
  ),
  "diffusion.scheduleSigmas": takes(
    diffusion.scheduleSigmas,
    SCHEDULE,
    count(5, { max: 10 }),
    word("trailing"),
  ),
  "diffusion.scheduleFromSigmas": takes(diffusion.scheduleFromSigmas, {
    ...numbers([0.1, 0.2]),
    faults: [
      ...numbers([0.1, 0.2]).faults,
      { what: "a sigma of 0", make: () => [0, 0.2] },
      { what: "descending", make: () => [0.2, 0.1] },
    ],
  }),
  "diffusion.edmPreconditioning": takes(
    diffusion.edmPreconditioning,
    tensor([3]),
    number(0.5, { min: 1e-9 }),
  ),
  "diffusion.edmDenoiser": takes(
    diffusion.edmDenoiser,
    given(() => (x: tf.Tensor) => x.mul(1)),
    number(0.5, { min: 1e-9 }),
  ),
  "diffusion.flowSample": takes(diffusion.flowSample, ENDS, tensor([3], { fixed: [0] })),
  "diffusion.flowVelocity": takes(diffusion.flowVelocity, ENDS),
};
