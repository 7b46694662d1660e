export * from "./elbo";
export * from "./gaussian";
export * from "./gradient-estimators";
export * from "./guard";
export * from "./likelihood";
export * from "./measure-elbo";
