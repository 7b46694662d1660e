import { readFileSync } from "node:fs";

import { diffusion, samplers, tf } from "latentlab";

import { assertClose } from "../../support/close";
import {
  type GaussianData,
  gaussianDenoiser,
  gaussianSigmaDenoiser,
  walk,
} from "../../support/sampling";

/** What test/fixtures/samplers.py recorded of diffusers' schedulers. */
interface Recording {
  readonly numTimesteps: number;
  readonly shape: number[];
  readonly mean: number[];
  readonly std: number;
  readonly xT: number[];
  readonly noises: number[][];
  readonly schedules: Record<
    string,
    { addNoise: { t: number[]; noised: number[] }; cases: Record<string, RecordedRun> }
  >;
}

interface RecordedRun {
  /** Counted from 0. */
  readonly timesteps: number[];
  readonly start: number[];
  readonly trajectory: number[][];
}

const recording = JSON.parse(readFileSync("test/fixtures/samplers.json", "utf8")) as Recording;
const { numTimesteps, shape } = recording;
const SCHEDULES = {
  linear: diffusion.linearSchedule(numTimesteps, { betaStart: 5e-4, betaEnd: 0.05 }),
  cosine: diffusion.cosineSchedule(numTimesteps),
};
const NEAR = { absolute: 1e-4, relative: 1e-4 };

type AnySampler = samplers.Sampler<tf.Tensor, never>;
interface Replay {
  readonly title: string;
  readonly recorded: string;
  readonly sampler: (data: GaussianData, schedule: diffusion.NoiseSchedule) => AnySampler;
  /** The times that the recorded calls went through; default their timesteps and 0. */
  readonly times?: (timesteps: number[], schedule: diffusion.NoiseSchedule) => number[];
  /** Which recorded calls end a step of ours. */
  readonly ends?: (call: number, calls: number) => boolean;
}

const onSchedule =
  (
    make: (...args: Parameters<typeof samplers.ddpm<tf.Tensor, never>>) => AnySampler,
    options = {},
  ) =>
  (data: GaussianData, schedule: diffusion.NoiseSchedule): AnySampler =>
    make(gaussianDenoiser(data, schedule), schedule, options);

const sigmaTimes = (timesteps: number[], schedule: diffusion.NoiseSchedule): number[] => [
  ...[...new Set(timesteps)].map((t) => diffusion.sigmaOfTimestep(schedule, t + 1)),
  0,
];

/** diffusers ends at the first ᾱ, where ours has t = 1, and repeats times of several calls. */
const pndmTimes = (): number[] => [...diffusion.spacedTimesteps(numTimesteps, 10, "leading"), 1];

const REPLAYS: readonly Replay[] = [
  ...(["fixed-small", "fixed-large"] as const).map((variance) => ({
    title: `R.10 DDPM ${variance}`,
    recorded: `ddpm ${variance}`,
    sampler: onSchedule(samplers.ddpm, { variance }),
  })),
  {
    title: "R.9 DDPM with clipped x0",
    recorded: "ddpm clipped",
    sampler: onSchedule(samplers.ddpm, { limitX0: samplers.clipTo(-1, 1) }),
  },
  {
    title: "DDIM.12 DDIM",
    recorded: "ddim 0.0",
    sampler: onSchedule(samplers.ddim),
  },
  {
    title: "DDIM.16 DDIM, η = 0.7",
    recorded: "ddim 0.7",
    sampler: onSchedule(samplers.ddim, { eta: 0.7 }),
  },
  ...[0, 0.7].map((eta) => ({
    title: `DDIM.12 DDIM with clipped x0, η = ${eta}`,
    recorded: `ddim clipped ${eta.toFixed(1)}`,
    sampler: onSchedule(samplers.ddim, { eta, limitX0: samplers.clipTo(-1, 1) }),
  })),
  {
    title: "DPMPP.A2 DPM-Solver++(2M)",
    recorded: "dpm-solver",
    sampler: onSchedule(samplers.dpmSolver),
  },
  {
    title: "PNDM.9 PNDM, linear start",
    recorded: "pndm linear",
    sampler: onSchedule(samplers.pndm, { start: "linear" }),
    times: pndmTimes,
  },
  {
    title: "PNDM.12 PNDM, Runge–Kutta start",
    recorded: "pndm runge-kutta",
    sampler: onSchedule(samplers.pndm, { start: "runge-kutta" }),
    times: pndmTimes,
  },
  {
    title: "EDM.1 Euler",
    recorded: "euler",
    sampler: (data) => samplers.euler(gaussianSigmaDenoiser(data)),
    times: sigmaTimes,
  },
  {
    title: "EDM.1 Euler ancestral",
    recorded: "euler ancestral",
    sampler: (data) => samplers.eulerAncestral(gaussianSigmaDenoiser(data)),
    times: sigmaTimes,
  },
  {
    title: "EDM.1 Heun",
    recorded: "heun",
    sampler: (data) => samplers.heun(gaussianSigmaDenoiser(data)),
    times: sigmaTimes,
    ends: (call, calls) => call % 2 === 1 || call === calls - 1,
  },
];

describe("samplers against diffusers, on the exact denoiser of a Gaussian", () => {
  for (const [name, schedule] of Object.entries(SCHEDULES)) {
    const recorded = recording.schedules[name]!;

    it(`R.8 adds noise alike, ${name}`, () => {
      tf.tidy(() => {
        const { t, noised } = recorded.addNoise;
        const [x0, noise] = [recording.xT, recording.noises[0]!].map((v) => tf.tensor(v, shape));
        const timesteps = tf.tensor1d(
          t.map((s) => s + 1),
          "int32",
        );
        const ours = diffusion.qSample(schedule, timesteps, { x0: x0!, noise: noise! });
        assertClose(ours.dataSync(), noised);
      });
    });

    for (const { title, recorded: key, sampler, times, ends = () => true } of REPLAYS) {
      it(`${title}: every step of the trajectory, ${name}`, () => {
        const run = recorded.cases[key]!;
        const visited = times?.(run.timesteps, schedule) ?? [...run.timesteps.map((t) => t + 1), 0];
        tf.tidy(() => {
          const data = { mean: tf.tensor(recording.mean, shape), std: recording.std };
          const noises = recording.noises.map((noise) => tf.tensor(noise, shape));
          const start = tf.tensor(run.start, shape);
          const steps = walk(sampler(data, schedule), start, { times: visited, noises });
          const wanted = run.trajectory.filter((_, i, { length }) => ends(i, length));
          const ours = steps.flatMap(({ x }) => [...x.dataSync()]);
          assertClose(ours, wanted.flat(), NEAR);
        });
      });
    }
  }
});
