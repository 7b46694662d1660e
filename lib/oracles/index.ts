export * from "./linear-gaussian";
export {
  diagonalCovariance,
  type Gaussian,
  gaussianLogPdf,
  klGaussian,
  sampleGaussian,
} from "./gaussian";
