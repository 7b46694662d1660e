import { tf } from "./tf";

/** The part of tfjs's engine that remembers operations for the backward pass. */
interface GradientTape {
  activeTape: { readonly saved: readonly tf.Tensor[] }[] | null;
  gradientDepth: number;
}

function tapeOfEngine(): GradientTape {
  return tf.engine().state as unknown as GradientTape;
}

/** Whether what is computed now may be differentiated: true inside a gradient of a gradient too. */
export function isTaped(): boolean {
  return tapeOfEngine().gradientDepth > 0;
}

/**
 * Run `body` as if no gradient were being taken around it: its results are constants to that
 * gradient, and gradients inside it are first-order ones. So one network can be trained in the
 * middle of the loss of another.
 */
export function offTape<T>(body: () => T): T {
  const state = tapeOfEngine();
  const { activeTape, gradientDepth } = state;
  Object.assign(state, { activeTape: null, gradientDepth: 0 });
  try {
    return body();
  } finally {
    Object.assign(state, { activeTape, gradientDepth });
  }
}

/**
 * Free what a gradient computation kept for its backward pass, after an error cut it short: tfjs
 * frees its tape only when the backward pass ends. Does nothing inside another gradient.
 */
export function releaseTape(): void {
  const state = tapeOfEngine();
  if (state.gradientDepth > 0) return;
  for (const node of state.activeTape ?? []) {
    for (const tensor of node.saved) tensor.dispose();
  }
  state.activeTape = null;
}
