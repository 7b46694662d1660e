export { compile, type Compiled, type CompileOptions } from "./compile";
export { CompileError } from "./session";
