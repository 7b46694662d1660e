export { type BlockConfig, type GroupConfig, PixelAttention, ResBlock } from "./blocks";
export { Unet, type UnetConfig } from "./unet";
