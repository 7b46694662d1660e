export * from "./adversarial";
export * from "./guard";
export * from "./linear-gaussian";
export {
  diagonalCovariance,
  type Gaussian,
  gaussianLogPdf,
  klGaussian,
  sampleGaussian,
  tiltGaussian,
} from "./gaussian";
export * from "./mixture";
export { type MixtureParameters, mixtureLogPdf } from "./mixture-parameters";
