import "./gradients";

export * from "./engine";
export { restoreUtilPredicates } from "./node-compat";
export { nativeOp, scalarAttr, typeAttr } from "./native-op";
export { recover } from "./recovery";
export { offTape, releaseTape } from "./tape";
