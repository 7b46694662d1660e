import type { Mappings } from "../run";

export const transformer: Mappings = {};
