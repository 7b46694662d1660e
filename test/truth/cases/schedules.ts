import { diffusion } from "latentlab";

import type { Inputs } from "../inputs";
import type { Mapping, Mappings, Output } from "../run";

/** The truth's index is t − 1: it leaves out t = 0. */
function tables(schedule: diffusion.NoiseSchedule): Record<string, Output> {
  const { numTimesteps, beta, alphaBar } = schedule;
  const timesteps = Array.from({ length: numTimesteps }, (_, i) => i + 1);
  const means = timesteps.map((t) => schedule.posteriorMean(t));
  return {
    betas: beta.slice(1),
    alphas_cumprod: alphaBar.slice(1),
    posterior_variance: timesteps.map((t) => schedule.posteriorVariance(t)),
    posterior_mean_coef1: means.map(({ x0 }) => x0),
    posterior_mean_coef2: means.map(({ xt }) => xt),
    snr: timesteps.map((t) => schedule.snr(t)),
  };
}

function namedSchedule(inputs: Inputs): diffusion.NoiseSchedule {
  const numTimesteps = inputs.number("num_train_timesteps");
  const kind = inputs.text("beta_schedule");
  if (kind === "squaredcos_cap_v2") {
    const [offset, maxBeta] = [inputs.number("s"), inputs.number("max_beta")];
    return diffusion.cosineSchedule(numTimesteps, { offset, maxBeta });
  }
  const range = { betaStart: inputs.number("beta_start"), betaEnd: inputs.number("beta_end") };
  switch (kind) {
    case "linear":
      return diffusion.linearSchedule(numTimesteps, range);
    case "scaled_linear":
      return diffusion.scaledLinearSchedule(numTimesteps, range);
    case "sigmoid":
      return diffusion.sigmoidSchedule(numTimesteps, range);
    default:
      throw new Error(`no schedule ${kind}`);
  }
}

const schedule: Mapping = (inputs) => tables(namedSchedule(inputs));

export const schedules: Mappings = {
  "linear-*": schedule,
  "scaled_linear-*": schedule,
  "quadratic-*": schedule,
  "cosine-*": schedule,
  "sigmoid-*": schedule,
  "zero-terminal-snr*": (inputs) => {
    const before = new diffusion.NoiseSchedule(inputs.array("betas"));
    const { beta, alphaBar } = diffusion.rescaleToZeroTerminalSnr(before);
    return { betas: beta.slice(1), alphas_cumprod: alphaBar.slice(1) };
  },
  "timesteps-*": (inputs) => {
    const total = inputs.number("num_train_timesteps");
    const steps = inputs.number("num_inference_steps");
    const visited = (spacing: diffusion.TimestepSpacing): Int32Array =>
      diffusion.spacedTimesteps(total, steps, spacing).map((t) => t - 1);
    return {
      leading: visited("leading"),
      linspace: visited("linspace"),
      trailing: visited("trailing"),
    };
  },
  "sigmas-*": (inputs) => {
    const n = inputs.number("n");
    const range = { sigmaMin: inputs.number("sigma_min"), sigmaMax: inputs.number("sigma_max") };
    return {
      karras: diffusion.karrasSigmas(n, { ...range, rho: inputs.number("rho") }),
      exponential: diffusion.exponentialSigmas(n, range),
      vp: diffusion.vpSigmas(n, {
        betaSlope: inputs.number("vp_beta_d"),
        betaMin: inputs.number("vp_beta_min"),
        minTime: inputs.number("vp_eps"),
      }),
    };
  },
};
