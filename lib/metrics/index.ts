export { classImbalance, classShares, inceptionScore } from "./classification";
export { featureMoments, frechetDistance } from "./frechet";
export { type ImageRange, multiScaleSsim, psnr, ssim } from "./image-quality";
export { energyDistance, kernelDistance, type MmdOptions, rbfMmd } from "./kernel";
export { type ModeCoverage, modeCoverage, type ModeCoverageOptions } from "./modes";
export {
  type ManifoldScores,
  nearestNeighbours,
  type Neighbours,
  precisionRecall,
} from "./neighbours";
export { recallAt } from "./retrieval";
