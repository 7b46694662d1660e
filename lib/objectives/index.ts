export * from "./contrastive";
export * from "./elbo";
export * from "./first-stage";
export * from "./gaussian";
export * from "./gradient-estimators";
export * from "./guard";
export * from "./likelihood";
export * from "./measure-elbo";
