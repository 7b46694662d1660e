import type { Mappings } from "../run";

export const vae: Mappings = {};
