import { diffusion, samplers, tf } from "latentlab";

import { gaussianDenoiser, walk } from "../../support/sampling";
import type { Inputs } from "../inputs";
import type { Mapping, Mappings } from "../run";

/** Every case is on this one, `linear 1e-4..0.02 T=1000`; the truth's index is t − 1. */
const SCHEDULE = diffusion.linearSchedule(1000);

function ddpmStep(
  options: samplers.DdpmOptions<tf.Tensor>,
): (inputs: Inputs, output: tf.Tensor) => samplers.StepResult<tf.Tensor> {
  return (inputs, output) => {
    const t = inputs.number("t") + 1;
    const sampler = samplers.ddpm(() => output, SCHEDULE, options);
    const noises = [inputs.tensor("noise")];
    return walk(sampler, inputs.tensor("x_t"), { times: [t, t - 1], noises })[0]!;
  };
}

const fixedVariance: Mapping = (inputs) => {
  const variance = inputs.text("variance_type") === "fixed_large" ? "fixed-large" : "fixed-small";
  const { x, x0 } = ddpmStep({ variance })(inputs, inputs.tensor("model_output"));
  return { prev_sample: x, pred_x0: x0 };
};

const ddimStep: Mapping = (inputs) => {
  const sampler = samplers.ddim(() => inputs.tensor("model_output"), SCHEDULE, {
    eta: inputs.number("eta"),
  });
  const step = (times: number[]): samplers.StepResult<tf.Tensor> =>
    walk(sampler, inputs.tensor("x_t"), { times, noises: [inputs.tensor("noise")] })[0]!;
  const { x, x0 } = step([inputs.number("t") + 1, inputs.number("t_prev") + 1]);
  return { prev_sample: x, pred_x0: x0, prev_sample_from_t0: step([1, 0]).x };
};

/** The exact denoiser of the case's Gaussian data. */
function denoiser(inputs: Inputs): (x: tf.Tensor, t: tf.Tensor1D) => tf.Tensor {
  const data = { mean: inputs.tensor("data_mean"), std: inputs.number("data_std") };
  return gaussianDenoiser(data, SCHEDULE);
}

/** The timesteps of the case, and 0. */
function times(inputs: Inputs): number[] {
  return [...inputs.array("timesteps").map((t) => t + 1), 0];
}

function xs(steps: readonly samplers.StepResult<tf.Tensor>[]): tf.Tensor {
  return tf.stack(steps.map(({ x }) => x));
}

const ddimTrajectory: Mapping = (inputs) => {
  const sampler = samplers.ddim(denoiser(inputs), SCHEDULE);
  const steps = walk(sampler, inputs.tensor("x_T"), { times: times(inputs) });
  return {
    trajectory: xs(steps),
    every_10th: xs(steps.filter((_, i) => i % 10 === 9)),
    final: steps.at(-1)!.x,
  };
};

const ddpmTrajectory: Mapping = (inputs) => {
  const sampler = samplers.ddpm(denoiser(inputs), SCHEDULE);
  const noises = tf.unstack(inputs.tensor("noises"));
  const steps = walk(sampler, inputs.tensor("x_T"), { times: times(inputs), noises });
  return { trajectory: xs(steps), final: steps.at(-1)!.x };
};

export const samplersCases: Mappings = {
  "ddpm-step-fixed*": fixedVariance,
  "ddim-step-*": ddimStep,
  "traj-ddim-*": ddimTrajectory,
  "traj-ddpm-*": ddpmTrajectory,
};
