export { Autoencoder, type AutoencoderConfig } from "./autoencoder";
export { PatchDiscriminator, type PatchDiscriminatorConfig } from "./patch-discriminator";
