export * from "./engine";
export { restoreUtilPredicates } from "./node-compat";
export { nativeOp, scalarAttr, typeAttr } from "./native-op";
export { releaseTape } from "./tape";
