export {
  type AttnganConfig,
  AttnganGenerator,
  type AttnganImages,
  type WordsOfText,
} from "./generator";
export { type EncodedImage, ImageEncoder, type ImageEncoderConfig } from "./image-encoder";
export { type EncodedText, TextEncoder, type TextEncoderConfig } from "./text-encoder";
export { wordContext, type WordContext } from "./word-attention";
