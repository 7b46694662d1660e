import type { DitConfig } from "./dit";

type Shape = Pick<DitConfig, "depth" | "hiddenSize" | "numHeads" | "patchSize">;

const LATENTS_OF_256 = { inputSize: 32, inChannels: 4 } as const;

function shape([depth, hiddenSize, numHeads]: readonly number[], patchSize: number): Shape {
  return { depth, hiddenSize, numHeads, patchSize } as Shape;
}

const [S, B, L, XL] = [
  [12, 384, 6],
  [12, 768, 12],
  [24, 1024, 16],
  [28, 1152, 16],
] as const;

/**
 * The paper's models by its names, for the 32 × 32 × 4 latents of 256 × 256 pictures; the last
 * ones, ours, train on a laptop, for the 8 × 8 × 4 latents of 32 × 32 pictures.
 *
 * @see Peebles & Xie 2023, arXiv:2212.09748v2, table 1
 */
export const DIT_PRESETS = {
  "DiT-S/2": { ...LATENTS_OF_256, ...shape(S, 2) },
  "DiT-S/4": { ...LATENTS_OF_256, ...shape(S, 4) },
  "DiT-S/8": { ...LATENTS_OF_256, ...shape(S, 8) },
  "DiT-B/2": { ...LATENTS_OF_256, ...shape(B, 2) },
  "DiT-B/4": { ...LATENTS_OF_256, ...shape(B, 4) },
  "DiT-B/8": { ...LATENTS_OF_256, ...shape(B, 8) },
  "DiT-L/2": { ...LATENTS_OF_256, ...shape(L, 2) },
  "DiT-L/4": { ...LATENTS_OF_256, ...shape(L, 4) },
  "DiT-L/8": { ...LATENTS_OF_256, ...shape(L, 8) },
  "DiT-XL/2": { ...LATENTS_OF_256, ...shape(XL, 2) },
  "DiT-XL/4": { ...LATENTS_OF_256, ...shape(XL, 4) },
  "DiT-XL/8": { ...LATENTS_OF_256, ...shape(XL, 8) },
  "tiny/1": { inputSize: 8, inChannels: 4, ...shape([4, 96, 4], 1) },
  "tiny/2": { inputSize: 8, inChannels: 4, ...shape([4, 96, 4], 2) },
  "tiny/4": { inputSize: 8, inChannels: 4, ...shape([4, 96, 4], 4) },
} as const satisfies Readonly<Record<string, DitConfig>>;

/**
 * Multiply–adds of one forward pass for one picture: what the paper calls Gflops, times 10⁹. Dense
 * layers and attention count; norms, activations and what captions add do not.
 *
 * @see Peebles & Xie 2023, arXiv:2212.09748v2, table 4
 */
export function ditMultiplyAdds(config: DitConfig): number {
  const { inputSize, inChannels, patchSize, hiddenSize: d, depth, mlpRatio = 4 } = config;
  const tokens = (inputSize / patchSize) ** 2;
  const patch = patchSize ** 2 * inChannels;
  const outFactor = config.learnSigma === true ? 2 : 1;
  const attention = 4 * tokens * d * d + 2 * tokens * tokens * d;
  const dense = 2 * tokens * mlpRatio * d * d;
  const modulation = 6 * d * d;
  const ends = tokens * patch * d + tokens * d * outFactor * patch + 2 * d * d;
  return depth * (attention + dense + modulation) + ends + (256 + d) * d;
}
