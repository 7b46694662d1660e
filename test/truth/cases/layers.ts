import type { Mappings } from "../run";

export const layers: Mappings = {};
