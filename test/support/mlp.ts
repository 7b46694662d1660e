import { type core, nn, type Rng, tf } from "latentlab";

/** A small network for tests of training: x `[B, inputs]` → `[B, outputs]`, one tanh layer. */
export class Mlp extends nn.Module {
  readonly hidden: nn.Dense;
  readonly out: nn.Dense;

  constructor([inputs, width, outputs]: readonly [number, number, number], rng: Rng) {
    super();
    this.hidden = new nn.Dense(inputs, width, rng);
    this.out = new nn.Dense(width, outputs, rng);
  }

  forward(x: tf.Tensor): tf.Tensor {
    return tf.tidy(() => this.out.forward(this.hidden.forward(x).tanh()));
  }

  /** Mean squared error of reproducing the input with noise of std 0.1 added to it. */
  readonly denoisingLoss = ({ x }: core.ExampleBatch, rng: Rng): tf.Scalar => {
    const noisy = x.add(rng.normal(x.shape, 0, 0.1));
    return this.forward(noisy).squaredDifference(x).mean().asScalar();
  };
}

/** Batches of `[batchSize, features]` normal numbers; batch k is a pure function of (seed, k). */
export function normalBatches(
  rngOf: (step: number) => Rng,
  batchSize: number,
  features: number,
): core.BatchSource {
  return {
    batchSize,
    batchesPerEpoch: 10,
    at: (step) => ({
      x: rngOf(step).normal([batchSize, features]),
      ids: Int32Array.from({ length: batchSize }, (_, i) => (step % 10) * batchSize + i),
    }),
  };
}
