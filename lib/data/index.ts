export * from "./batches";
export {
  type CatalogEntry,
  catalogEntry,
  type CatalogFile,
  loadCatalog,
  parseCatalog,
} from "./catalog";
export * from "./dataset";
export { openDigits, parseDigitsCsv, readSmallDigits } from "./digits";
export * from "./idx";
export * from "./latents";
export * from "./image-folder";
export { type IdxDatasetOptions, readFashionMnist, readMnist, type Split } from "./mnist";
export * from "./png";
export * from "./shapes";
export * from "./toy2d";
