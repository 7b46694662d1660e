export { Unet, type UnetConfig } from "./unet";
