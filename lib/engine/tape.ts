import { tf } from "./tf";

/** The part of tfjs's engine that remembers operations for the backward pass. */
interface GradientTape {
  activeTape: { readonly saved: readonly tf.Tensor[] }[] | null;
  readonly gradientDepth: number;
}

/**
 * Free what a gradient computation kept for its backward pass, after an error cut it short: tfjs
 * frees its tape only when the backward pass ends. Does nothing inside another gradient.
 */
export function releaseTape(): void {
  const state = tf.engine().state as unknown as GradientTape;
  if (state.gradientDepth > 0) return;
  for (const node of state.activeTape ?? []) {
    for (const tensor of node.saved) tensor.dispose();
  }
  state.activeTape = null;
}
