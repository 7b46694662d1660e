export type { Argument, Outputs } from "./arguments";
export { compile, type Compiled, type CompileOptions } from "./compile";
export { CompileError } from "./session";
