export { ProganDiscriminator } from "./discriminator";
export { ProganGenerator } from "./generator";
export { fadeIn, Growth, type ProganConfig } from "./growth";
