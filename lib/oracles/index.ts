export * from "./linear-gaussian";
export {
  diagonalCovariance,
  type Gaussian,
  gaussianLogPdf,
  klGaussian,
  sampleGaussian,
} from "./gaussian";
export * from "./mixture";
export { type MixtureParameters, mixtureLogPdf } from "./mixture-parameters";
