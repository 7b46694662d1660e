import type { Mappings } from "../run";

export const training: Mappings = {};
