import { metrics } from "latentlab";

import { type Argument, count, fixture, late, number, numbers, record, tensor } from "./argument";
import { type Subject, takes } from "./subject";

/** Samples of two numbers each, at least three of them. */
const SAMPLES = tensor([3, 2], { fixed: [1] });
const IMAGES = tensor([2, 12, 12, 1], { fixed: [0, 1, 2, 3] });
const DATA_RANGE = number(2, { min: Number.MIN_VALUE });
const RANGE = record({ dataRange: DATA_RANGE });
const MOMENTS: Argument = fixture(() => ({
  mean: [0, 1],
  covariance: [
    [2, 0.5],
    [0.5, 1],
  ],
}));

export const METRICS: Readonly<Record<string, Subject>> = {
  "metrics.classShares": takes(metrics.classShares, numbers([0, 1, 1]), count(2)),
  "metrics.classImbalance": takes(metrics.classImbalance, numbers([0, 1, 1]), numbers([0.5, 0.5])),
  "metrics.inceptionScore": takes(
    metrics.inceptionScore,
    tensor([2, 3]),
    record({ splits: count(1) }),
  ),
  "metrics.featureMoments": takes(metrics.featureMoments, tensor([3, 2])),
  "metrics.frechetDistance": takes(metrics.frechetDistance, MOMENTS, MOMENTS),
  "metrics.psnr": takes(metrics.psnr, IMAGES, IMAGES, RANGE),
  "metrics.ssim": takes(metrics.ssim, IMAGES, IMAGES, RANGE),
  "metrics.multiScaleSsim": takes(
    metrics.multiScaleSsim,
    IMAGES,
    IMAGES,
    record({ dataRange: DATA_RANGE, weights: numbers([1]) }),
  ),
  "metrics.energyDistance": takes(metrics.energyDistance, SAMPLES, SAMPLES),
  "metrics.kernelDistance": takes(metrics.kernelDistance, SAMPLES, SAMPLES),
  "metrics.recallAt": takes(metrics.recallAt, tensor([3, 3]), count(1)),
  "metrics.rbfMmd": takes(
    metrics.rbfMmd,
    SAMPLES,
    SAMPLES,
    record({ gamma: number(0.5, { min: Number.MIN_VALUE }) }),
  ),
  "metrics.modeCoverage": takes(
    metrics.modeCoverage,
    SAMPLES,
    fixture(() => [
      [0, 0],
      [1, 1],
    ]),
    record({
      std: number(0.1, { min: Number.MIN_VALUE }),
      within: number(3, { min: Number.MIN_VALUE }),
      minSamples: count(1),
    }),
  ),
  "metrics.nearestNeighbours": takes(metrics.nearestNeighbours, SAMPLES, SAMPLES),
  "metrics.precisionRecall": takes(
    metrics.precisionRecall,
    tensor([4, 2], { fixed: [1] }),
    tensor([4, 2], { fixed: [1] }),
    record({ k: late(count(2, { max: 3 })) }),
  ),
};
