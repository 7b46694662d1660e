export { compile, type Compiled, type CompileOptions } from "./compile";
export { CompileError } from "./session";
export { exportSavedModel } from "./export/export";
export { type ExportedFunction, exportedFunction, type InputSpec } from "./export/functions";
