import { ADVERSARIAL } from "./adversarial";
import { CORE } from "./core";
import { DATA } from "./data";
import { DENOISING } from "./denoising";
import { DIFFUSION } from "./diffusion";
import { GAN_MODELS } from "./gans";
import { METRICS } from "./metrics";
import { MODELS } from "./models";
import { NN } from "./nn";
import { OBJECTIVES } from "./objectives";
import { ORACLES } from "./oracles";
import { PROCESS } from "./process";
import { SAMPLERS } from "./samplers";
import { SHAPES_OF_DATA } from "./shapes";
import { SCORES } from "./scores";
import type { Subject } from "./subject";
import { TRAINING } from "./training";
import { VIZ } from "./viz";

/** Every exported function that is tried with wrong arguments, by name. */
export const SUBJECTS: Readonly<Record<string, Subject>> = {
  ...ADVERSARIAL,
  ...CORE,
  ...DATA,
  ...DENOISING,
  ...DIFFUSION,
  ...GAN_MODELS,
  ...METRICS,
  ...MODELS,
  ...NN,
  ...OBJECTIVES,
  ...ORACLES,
  ...PROCESS,
  ...SAMPLERS,
  ...SHAPES_OF_DATA,
  ...SCORES,
  ...TRAINING,
  ...VIZ,
};
