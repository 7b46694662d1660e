import type { Denoiser, Images } from "../core/types";
import type { NoiseSchedule } from "../diffusion/schedule";
import { ddim } from "../samplers/ddim";
import { ddpm } from "../samplers/ddpm";
import { dpmSolver } from "../samplers/dpm-solver";
import type { Sampler } from "../samplers/sampler";

export const SAMPLER_NAMES = ["ddim", "ddpm", "dpm-solver"] as const;
export type SamplerName = (typeof SAMPLER_NAMES)[number];

/** An algorithm by its name. */
export function scheduledSampler<C>(
  name: SamplerName,
  denoise: Denoiser<Images, C>,
  schedule: NoiseSchedule,
  options: Parameters<typeof ddim<Images, C>>[2],
): Sampler<Images, C> {
  switch (name) {
    case "ddim":
      return ddim(denoise, schedule, options);
    case "ddpm":
      return ddpm(denoise, schedule, options);
    case "dpm-solver":
      return dpmSolver(denoise, schedule, options);
  }
}
