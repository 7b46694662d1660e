export * from "./accuracy";
export * from "./load";
export * from "./networks";
