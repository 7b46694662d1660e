import { strict as assert } from "node:assert";

import { models, objectives, Rng, tf } from "latentlab";

import { assertClose } from "../../support/close";

const CONFIG = { imageShape: [2, 3, 1], hiddenSizes: [4], latentDim: 2 } as const;

type Weights = Record<string, number[][]>;

/** y = x W + b by loops. */
function dense(weights: Weights, layer: string, x: readonly number[]): number[] {
  const [weight, bias] = [weights[`${layer}.weight`]!, weights[`${layer}.bias`]![0]!];
  return bias.map((b, j) => x.reduce((sum, value, i) => sum + value * weight[i]![j]!, b));
}

function relu(values: readonly number[]): number[] {
  return values.map((value) => Math.max(0, value));
}

describe("Vae", () => {
  let vae: models.Vae;
  let weights: Weights;
  const pixels = [0, 0.25, 1, 0.5, 0.75, 0.1];
  const image = (): tf.Tensor4D => tf.tensor4d(pixels, [1, 2, 3, 1]);

  beforeEach(() => {
    vae = new models.Vae(CONFIG, new Rng(3));
    // Biases start at zero: make them count.
    for (const [name, variable] of vae.namedParameters()) {
      if (name.endsWith("bias")) tf.tidy(() => variable.assign(tf.linspace(-1, 1, variable.size)));
    }
    weights = Object.fromEntries(
      [...vae.namedParameters()].map(([name, variable]) => [
        name,
        tf.tidy(() => variable.reshape<tf.Tensor2D>([-1, variable.shape.at(-1)!]).arraySync()),
      ]),
    );
  });
  afterEach(() => vae.dispose());

  it("encodes as dense, ReLU, and two heads: by loops over the weights", () => {
    tf.tidy(() => {
      const hidden = relu(dense(weights, "encoder.0", pixels));
      const { mean, logVar } = vae.encode(image());
      assertClose(mean.dataSync(), dense(weights, "encoderMean", hidden));
      assertClose(logVar.dataSync(), dense(weights, "encoderLogVar", hidden));
    });
  });

  it("decodes as dense, ReLU, logits; the mean picture is their sigmoid", () => {
    tf.tidy(() => {
      const z = [0.4, -1.3];
      const logits = dense(weights, "decoderLogits", relu(dense(weights, "decoder.0", z)));
      const decoded = vae.decode(tf.tensor2d([z]));
      assert.deepEqual(decoded.shape, [1, 2, 3, 1]);
      assertClose(decoded.dataSync(), logits);
      const mean = vae.meanImage(tf.tensor2d([z]));
      assertClose(
        mean.dataSync(),
        logits.map((logit) => 1 / (1 + Math.exp(-logit))),
      );
    });
  });

  it("reconstructs from the mean of q(z|x); samples from the prior with the given generator", () => {
    tf.tidy(() => {
      const want = vae.meanImage(vae.encode(image()).mean).dataSync();
      assertClose(vae.reconstruct(image()).dataSync(), want);
      const z = new Rng(8).normal<tf.Tensor2D>([5, 2]);
      assertClose(vae.sample(5, new Rng(8)).dataSync(), vae.meanImage(z).dataSync());
    });
  });

  it("R.3 the loss's gradients are those of finite differences, for every weight", () => {
    tf.tidy(() => {
      const noise = tf.tensor2d([[0.3, -0.8]]);
      const loss = (): tf.Scalar => objectives.elboLoss(vae, image(), noise).loss;
      const { grads } = tf.variableGrads(loss, vae.parameters());
      for (const [, variable] of vae.namedParameters()) {
        const start = variable.dataSync<"float32">().slice();
        const at = (i: number, delta: number): number => {
          const moved = start.slice();
          moved[i]! += delta;
          variable.assign(tf.tensor(moved, variable.shape));
          return loss().dataSync()[0]!;
        };
        const slopes = Array.from(start, (_, i) => (at(i, 5e-3) - at(i, -5e-3)) / 1e-2);
        variable.assign(tf.tensor(start, variable.shape));
        assertClose(grads[variable.name]!.dataSync(), slopes, { absolute: 5e-3, relative: 5e-3 });
      }
    });
  });

  it("has 652,824 parameters as 784-400-20", () => {
    const preset = new models.Vae(models.VAE_PRESETS["784-400-20"], new Rng(1));
    const encoder = 784 * 400 + 400 + 2 * (400 * 20 + 20);
    assert.equal(preset.parameterCount(), encoder + 20 * 400 + 400 + 400 * 784 + 784);
    preset.dispose();
  });

  it("refuses pictures and latents of another size", () => {
    tf.tidy(() => {
      assert.throws(() => vae.encode(tf.zeros([1, 3, 2, 1])), /Vae\.encode: x must have shape/);
      assert.throws(() => vae.decode(tf.zeros([1, 3])), /Vae\.decode: z must have shape/);
    });
    assert.throws(() => new models.Vae({ ...CONFIG, latentDim: 0 }, new Rng(1)), /latentDim/);
  });
});
