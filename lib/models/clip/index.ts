export { Clip, type ClipConfig, type ClipEmbeddings } from "./clip";
export { ImageTower, type ImageTowerConfig } from "./image-tower";
export { TextTower, type TextTowerConfig } from "./text-tower";
