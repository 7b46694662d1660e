export * from "./accuracy";
export * from "./attngan";
export * from "./caption-encoders";
export * from "./digit-gan";
export * from "./progan";
export * from "./stackgan";
export { type TextGame, textGame, type TextGameOptions } from "./text-game";
export * from "./word-iou";
