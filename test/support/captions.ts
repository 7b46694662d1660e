import { type core, Rng, tf } from "latentlab";

/** Encoded captions of `lengths[i]` tokens, padded to `width`, of `size` features. */
export function textContext(
  lengths: readonly number[],
  { width = 4, size = 6, seed = 11 } = {},
): core.TextContext {
  const rng = new Rng(seed);
  const rows = lengths.map((length) => Array.from({ length: width }, (_, i) => i < length));
  return {
    tokens: rng.normal([lengths.length, width, size]),
    mask: tf.tensor2d(rows, undefined, "bool"),
    pooled: rng.normal([lengths.length, size]),
  };
}
