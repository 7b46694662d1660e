import type { Mappings } from "../run";
import { clip } from "./clip";
import { forward } from "./forward";
import { gan } from "./gan";
import { guidance } from "./guidance";
import { layers } from "./layers";
import { distributionMetrics, imageMetrics } from "./metrics";
import { samplersCases } from "./samplers";
import { schedules } from "./schedules";
import { scores } from "./scores";
import { sde } from "./sde";
import { trainingCases } from "./training";
import { transformer } from "./transformer";
import { unetBlock } from "./unet";
import { vae } from "./vae";

/** Which of our functions answers which case, by topic. */
export const MAPPINGS: Readonly<Record<string, Mappings>> = {
  "01-schedules": schedules,
  "02-forward": forward,
  "03-samplers": samplersCases,
  "04-sde": sde,
  "05-vae": vae,
  "06-gan": gan,
  "07-score": scores,
  "08-guidance": guidance,
  "09-transformer": transformer,
  "10-layers": layers,
  "11-unet-block": unetBlock,
  "12-training": trainingCases,
  "13-metrics-image": imageMetrics,
  "14-metrics-distribution": distributionMetrics,
  "15-clip": clip,
};
