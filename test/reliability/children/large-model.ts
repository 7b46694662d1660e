import { type Rng, tf } from "latentlab";

import { Mlp } from "../../support/mlp";

/** About 16 MB of weights. */
export function largeModel(rng: Rng): Mlp {
  return new Mlp([1000, 2000, 1000], rng);
}

/** Make every weight equal to `value`, so that a mixture of two saves would show. */
export function fillWith(model: Mlp, value: number): void {
  for (const variable of model.parameters()) {
    tf.tidy(() => variable.assign(tf.fill(variable.shape, value)));
  }
}
