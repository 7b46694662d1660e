export * from "./dense";
export * from "./init";
export * from "./module";
