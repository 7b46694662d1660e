import { diffusion, samplers, tf } from "latentlab";

import {
  exactFlow,
  type GaussianData,
  gaussianDenoiser,
  gaussianSigmaDenoiser,
  walk,
} from "../../support/sampling";
import type { Inputs } from "../inputs";
import type { Mapping, Mappings, Output } from "../run";

/** Every case is on this one, `linear 1e-4..0.02 T=1000`; the truth's index is t − 1. */
const SCHEDULE = diffusion.linearSchedule(1000);

type Step = samplers.StepResult<tf.Tensor>;
type AnySampler = samplers.Sampler<tf.Tensor, never>;

/** One DDPM step when the network says `output`. */
function ddpmStep(
  inputs: Inputs,
  output: tf.Tensor,
  options: samplers.DdpmOptions<tf.Tensor>,
): Step {
  const t = inputs.number("t") + 1;
  const sampler = samplers.ddpm(() => output, SCHEDULE, options);
  const noises = [inputs.tensor("noise")];
  return walk(sampler, inputs.tensor("x_t"), { times: [t, t - 1], noises })[0] as Step;
}

const ddimStep: Mapping = (inputs) => {
  const eta = inputs.number("eta");
  const sampler = samplers.ddim(() => inputs.tensor("model_output"), SCHEDULE, { eta });
  const step = (times: number[]): Step =>
    walk(sampler, inputs.tensor("x_t"), { times, noises: [inputs.tensor("noise")] })[0] as Step;
  const { x, x0 } = step([inputs.number("t") + 1, inputs.number("t_prev") + 1]);
  return { prev_sample: x, pred_x0: x0, prev_sample_from_t0: step([1, 0]).x };
};

function gaussian(inputs: Inputs): GaussianData {
  return { mean: inputs.tensor("data_mean"), std: inputs.number("data_std") };
}

/** What a trajectory through timesteps gives. */
function alongTimesteps(
  inputs: Inputs,
  sampler: AnySampler,
  times = [...timesteps(inputs), 0],
): { trajectory: tf.Tensor; final: tf.Tensor; exact: tf.Tensor } {
  const noises = inputs.has("noises") ? tf.unstack(inputs.tensor("noises")) : [];
  const steps = walk(sampler, inputs.tensor("x_T"), { times, noises });
  const first = SCHEDULE.alphaBar[times[0] as number] as number;
  const start = inputs.tensor("x_T").div(Math.sqrt(first));
  const exact = exactFlow(gaussian(inputs), start, [Math.sqrt((1 - first) / first), 0]);
  return { ...trajectoryOf(steps), exact };
}

function trajectoryOf(steps: readonly Step[]): { trajectory: tf.Tensor; final: tf.Tensor } {
  return { trajectory: tf.stack(steps.map(({ x }) => x)), final: (steps.at(-1) as Step).x };
}

function timesteps(inputs: Inputs): number[] {
  return inputs.array("timesteps").map((t) => t + 1);
}

const ddimTrajectory: Mapping = (inputs) => {
  const sampler = samplers.ddim(gaussianDenoiser(gaussian(inputs), SCHEDULE), SCHEDULE);
  const { trajectory, final, exact } = alongTimesteps(inputs, sampler);
  const whole = inputs.number("num_inference_steps") <= 10;
  const everyTenth = tf.range(9, trajectory.shape[0], 10, "int32");
  const seen: Record<string, tf.Tensor> = whole
    ? { trajectory }
    : { every_10th: tf.gather(trajectory, everyTenth) };
  return { ...seen, final, exact_ode_solution: exact };
};

/** Mean and variance of what the sampler makes of x_T ~ N(0, I): it is affine in x_T and noise. */
function moments(sampler: AnySampler, times: number[]): { mean: tf.Tensor; variance: tf.Tensor } {
  const n = times.length - 1;
  const unit = (row: number): tf.Tensor => tf.oneHot([row], n + 2).reshape([n + 2, 1, 1]);
  const start = unit(0).tile([1, 2, 3]).toFloat();
  const noises = Array.from({ length: n }, (_, i) =>
    unit(i + 1)
      .tile([1, 2, 3])
      .toFloat(),
  );
  const { x } = walk(sampler, start, { times, noises }).at(-1) as Step;
  const mean = x.slice([n + 1], [1]);
  return { mean: mean.squeeze([0]), variance: x.sub(mean).square().sum(0) };
}

const ddpmTrajectory: Mapping = (inputs) => {
  const denoise = gaussianDenoiser(gaussian(inputs), SCHEDULE);
  const sampler = (variance: samplers.DdpmVariance): AnySampler =>
    samplers.ddpm(denoise, SCHEDULE, { variance });
  const { trajectory, final } = alongTimesteps(inputs, sampler("fixed-small"));
  const short = [...timesteps(inputs), 0];
  const long = sampler("fixed-small").times();
  const variance = (kind: samplers.DdpmVariance, times: readonly number[]): tf.Tensor =>
    tf.tidy(() => moments(sampler(kind), [...times]).variance.max());
  return {
    trajectory,
    final,
    output_mean_20_steps: moments(sampler("fixed-small"), short).mean,
    output_variance_20_steps_fixed_small: variance("fixed-small", short),
    output_variance_20_steps_fixed_large: variance("fixed-large", short),
    output_variance_1000_steps_fixed_small: variance("fixed-small", long),
    output_variance_1000_steps_fixed_large: variance("fixed-large", long),
  };
};

/** A trajectory through the noise levels of the case's timesteps. */
function alongSigmas(
  make: (denoise: ReturnType<typeof gaussianSigmaDenoiser>) => AnySampler,
): Mapping {
  return (inputs) => {
    const visited = [...new Set(inputs.array("timesteps"))];
    const sigmas = visited.map((t) => diffusion.sigmaOfTimestep(SCHEDULE, t + 1));
    const noises = inputs.has("noises") ? tf.unstack(inputs.tensor("noises")) : [];
    const start = inputs.tensor("initial_sample");
    const sampler = make(gaussianSigmaDenoiser(gaussian(inputs)));
    const steps = walk(sampler, start, { times: [...sigmas, 0], noises });
    const exact = exactFlow(gaussian(inputs), start, [sigmas[0] as number, 0]);
    const isDeterministic = noises.length === 0;
    return { ...trajectoryOf(steps), ...(isDeterministic && { exact_ode_solution: exact }) };
  };
}

/** Each repeats its last time: the truth ends at the first ᾱ, ours names that time itself. */
function pndmTrajectory(start: "runge-kutta" | "linear"): Mapping {
  return (inputs) => {
    const denoise = gaussianDenoiser(gaussian(inputs), SCHEDULE);
    const sampler = samplers.pndm(denoise, SCHEDULE, { start });
    const steps = inputs.number("num_inference_steps");
    const spaced = diffusion.spacedTimesteps(1000, steps, "leading");
    const { trajectory, final } = alongTimesteps(inputs, sampler, [...spaced, 1]);
    return { trajectory, final };
  };
}

/** Largest error against the exact ODE, for each number of steps of a geometric ladder. */
const convergence: Mapping = (inputs) => {
  const data = gaussian(inputs);
  const [sigmaMin, sigmaMax] = [inputs.number("sigma_min"), inputs.number("sigma_max")];
  const start = inputs.tensor("initial_sample");
  const exact = exactFlow(data, start, [sigmaMax, sigmaMin]);
  const errors = (solve: (sigmas: number[]) => tf.Tensor): tf.Tensor =>
    tf.stack(
      inputs.array("steps").map((steps) => {
        const ladder = diffusion.exponentialSigmas(steps + 1, { sigmaMin, sigmaMax });
        return solve([...ladder.slice(0, -1)])
          .sub(exact)
          .abs()
          .max();
      }),
    );
  const bySigma = (sampler: AnySampler) => (times: number[]) =>
    (walk(sampler, start, { times }).at(-1) as Step).x;
  const denoise = gaussianSigmaDenoiser(data);
  return {
    max_error_euler: errors(bySigma(samplers.euler(denoise))),
    max_error_heun: errors(bySigma(samplers.heun(denoise))),
    max_error_dpmpp_2m: errors((sigmas) => dpmSolverOnSigmas(data, start, sigmas)),
    exact,
  };
};

/** The schedule that has just these noise levels, on which x is scaled by √ᾱ. */
function dpmSolverOnSigmas(data: GaussianData, start: tf.Tensor, sigmas: number[]): tf.Tensor {
  const schedule = diffusion.scheduleFromSigmas([...sigmas].reverse());
  const sampler = samplers.dpmSolver(gaussianDenoiser(data, schedule), schedule);
  const root = (t: number): number => Math.sqrt(schedule.alphaBar[t] as number);
  const times = sigmas.map((_, i) => sigmas.length - i);
  const { x } = walk(sampler, start.mul(root(sigmas.length)), { times }).at(-1) as Step;
  return x.div(root(1));
}

export const samplersCases: Mappings = {
  "ddpm-step-fixed*": (inputs) => {
    const isLarge = inputs.text("variance_type") === "fixed_large";
    const variance = isLarge ? "fixed-large" : "fixed-small";
    const { x, x0 } = ddpmStep(inputs, inputs.tensor("model_output"), { variance });
    return { prev_sample: x, pred_x0: x0 };
  },
  "ddpm-step-variants": (inputs) => {
    const output = inputs.tensor("model_output");
    const step = (options: samplers.DdpmOptions<tf.Tensor>): Output =>
      ddpmStep(inputs, output, options).x;
    const ratio = inputs.number("dynamic_thresholding_ratio");
    const limitX0 = samplers.dynamicThreshold({ ratio, max: inputs.number("sample_max_value") });
    const learned = tf.concat([output, inputs.tensor("learned_variance_output")], -1);
    return {
      x0_prediction: step({ predicts: "x0" }),
      v_prediction: step({ predicts: "v" }),
      eps_clipped_x0: step({ limitX0: samplers.clipTo(-1, 1) }),
      eps_dynamic_threshold: step({ limitX0 }),
      learned_range: ddpmStep(inputs, learned, { variance: "learned-range" }).x,
    };
  },
  "ddim-step-*": ddimStep,
  "traj-ddim-*": ddimTrajectory,
  "traj-ddpm-*": ddpmTrajectory,
  "traj-euler": alongSigmas((denoise) => samplers.euler(denoise)),
  "traj-euler-ancestral": alongSigmas((denoise) => samplers.eulerAncestral(denoise)),
  "traj-heun": alongSigmas((denoise) => samplers.heun(denoise)),
  "traj-dpmpp-2m": (inputs) => {
    const sampler = samplers.dpmSolver(gaussianDenoiser(gaussian(inputs), SCHEDULE), SCHEDULE);
    const { exact, ...seen } = alongTimesteps(inputs, sampler);
    return { ...seen, exact_ode_solution: exact };
  },
  "traj-pndm-plms": pndmTrajectory("linear"),
  "traj-pndm-prk": pndmTrajectory("runge-kutta"),
  "ode-convergence": convergence,
  "edm-preconditioning": (inputs) => {
    const sigmaData = inputs.number("sigma_data");
    const { cSkip, cOut, cIn, cNoise } = diffusion.edmPreconditioning(
      inputs.tensor<tf.Tensor1D>("sigma"),
      sigmaData,
    );
    return { c_skip: cSkip, c_out: cOut, c_in: cIn, c_noise: cNoise };
  },
  "flow-matching": (inputs) => {
    const ends = { noise: inputs.tensor("x0"), data: inputs.tensor("x1") };
    return {
      x_t: diffusion.flowSample(ends, inputs.tensor<tf.Tensor1D>("t")),
      velocity: diffusion.flowVelocity(ends),
    };
  },
};
