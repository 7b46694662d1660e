import { type nn, Rng, tf } from "latentlab";

export function int32(...values: number[]): tf.Tensor1D {
  return tf.tensor1d(values, "int32");
}

export function largest(x: tf.Tensor): number {
  return tf.tidy(() => x.abs().max().dataSync()[0] as number);
}

/** Make every weight count: those that are zero at first, too. */
export function perturb(module: nn.Module): void {
  const rng = new Rng(7);
  for (const variable of module.parameters()) {
    tf.tidy(() => variable.assign(variable.add(rng.normal(variable.shape, 0, 0.2))));
  }
}
