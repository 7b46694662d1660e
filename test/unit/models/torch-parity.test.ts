import { strict as assert } from "node:assert";
import { readFileSync } from "node:fs";

import { type core, models, type nn, Rng, tf } from "latentlab";

import { assertClose } from "../../support/close";
import { int32 } from "../../support/tensors";

/** What test/fixtures/networks.py recorded of PyTorch. */
type Case = {
  readonly outputs: Readonly<Record<string, readonly number[]>>;
  /** Of the first output times fill("upstream"), by x. */
  readonly gradient?: readonly number[];
};

const recording = JSON.parse(readFileSync("test/fixtures/networks.json", "utf8")) as Record<
  string,
  Case
>;

/** The numbers of that script: a function of a name and a place. */
function fill<T extends tf.Tensor>(name: string, shape: readonly number[], scale = 0.5): T {
  const start = [...name].reduce((sum, letter, i) => sum + (i + 1) * letter.charCodeAt(0), 0);
  const size = shape.reduce((product, axis) => product * axis, 1);
  const values = Float32Array.from({ length: size }, (_, i) => {
    const scattered = (((start + i) * 48_271) % 65_537) / 65_537;
    return Math.floor((scattered - 0.5) * 2048 * scale) / 1024;
  });
  return tf.tensor(values, [...shape]) as T;
}

type Compute<M> = (network: M, x: tf.Tensor4D) => Readonly<Record<string, tf.Tensor>>;

/** Outputs and gradient of a network that has the script's weights, to PyTorch's. */
function assertAsRecorded<M extends nn.Module>(
  name: string,
  network: M,
  shape: readonly number[],
  compute: Compute<M>,
): void {
  const { outputs, gradient } = recording[name] as Case;
  try {
    tf.tidy(() => {
      const weights = Object.entries(network.stateDict()).map(
        ([key, value]) => [key, fill(key, value.shape)] as const,
      );
      network.loadStateDict(Object.fromEntries(weights));
      const x = fill<tf.Tensor4D>("x", shape, 1);
      const got = compute(network, x);
      for (const [key, want] of Object.entries(outputs)) {
        assertClose(got[key]?.dataSync() ?? [], want, { absolute: 1e-5, relative: 5e-5 });
      }
      if (gradient === undefined) return;
      const [first] = Object.keys(outputs) as [string];
      const loss = (at: tf.Tensor): tf.Tensor => {
        const out = compute(network, at as tf.Tensor4D)[first] as tf.Tensor;
        return out.mul(fill("upstream", out.shape)).sum();
      };
      const slope = tf.grad(loss)(x);
      assertClose(slope.dataSync(), gradient, { absolute: 5e-5, relative: 1e-4 });
    });
  } finally {
    network.dispose();
  }
}

const textContext = (): core.TextContext => ({
  tokens: fill("tokens", [2, 3, 6], 1),
  mask: tf.tensor2d([[1, 1, 1], [1, 0, 0]], [2, 3], "bool"), // prettier-ignore
  pooled: fill("pooled", [2, 6], 1),
});
const captions = (): core.Tokens =>
  tf.tensor2d([[1, 2, 3, 0, 0], [4, 5, 6, 2, 1], [0, 0, 0, 0, 0]], [3, 5], "int32"); // prettier-ignore
const times = (): core.Timesteps => int32(3, 700);
const labels = (): core.Labels => int32(2, 3);

const UNET = {
  imageSize: 8,
  imageChannels: 2,
  baseChannels: 4,
  channelMultipliers: [1, 2],
  numResBlocks: 1,
  numHeads: 2,
  numGroups: 2,
} as const;
const DIT = { inputSize: 4, inChannels: 2, patchSize: 2, hiddenSize: 8, depth: 2, numHeads: 2 };
const TOWER = { vocabularySize: 7, maxTokens: 5, size: 8, numHeads: 2 };

describe("whole networks against PyTorch: outputs and gradients", () => {
  const rng = new Rng(1);

  it("R.23 the U-Net with captions", () => {
    const unet = new models.Unet({ ...UNET, attentionSizes: [4], contextSize: 6 }, rng);
    assertAsRecorded("unetText", unet, [2, 8, 8, 2], (net, x) => ({
      out: net.forward(x, times(), textContext()),
    }));
  });

  it("the U-Net of patches with classes", () => {
    const config = { ...UNET, attentionSizes: [2], patchSize: 2, numClasses: 3 };
    assertAsRecorded("unetClass", new models.Unet(config, rng), [2, 8, 8, 2], (net, x) => ({
      out: net.forward(x, times(), labels()),
    }));
  });

  it("R.25 the DiT with captions", () => {
    const dit = new models.Dit({ ...DIT, contextSize: 6 }, rng);
    assertAsRecorded("ditText", dit, [2, 4, 4, 2], (net, x) => ({
      out: net.forward(x, times(), textContext()),
    }));
  });

  it("R.25 the DiT with classes and a learned variance", () => {
    const dit = new models.Dit({ ...DIT, numClasses: 3, learnSigma: true }, rng);
    assertAsRecorded("ditClass", dit, [2, 4, 4, 2], (net, x) => ({
      out: net.forward(x, times(), labels()),
    }));
  });

  it("R.24 CLIP's text tower: padding, and captions of nothing", () => {
    const tower = new models.TextTower({ ...TOWER, depth: 2 }, rng);
    assertAsRecorded("textTower", tower, [1], (net) => net.forward(captions()));
  });

  it("R.23 both towers of CLIP", () => {
    const image = { imageSize: 8, imageChannels: 3, channels: [4, 8], size: 8, numGroups: 2 };
    const clip = new models.Clip({ image, text: { ...TOWER, depth: 1 }, embeddingSize: 6 }, rng);
    assertAsRecorded("clip", clip, [3, 8, 8, 3], (net, x) => net.forward(x, captions()));
  });

  it("R.23 the autoencoder of latent diffusion", () => {
    const sizes = { imageSize: 8, imageChannels: 1, baseChannels: 4, channelMultipliers: [1, 2] };
    const rest = { numResBlocks: 1, latentChannels: 2, numGroups: 2 };
    const autoencoder = new models.Autoencoder({ ...sizes, ...rest }, rng);
    assertAsRecorded("autoencoder", autoencoder, [2, 8, 8, 1], (net, x) => {
      const { mean, logVar } = net.encode(x);
      return { decoded: net.decode(mean), mean, logVar };
    });
  });

  it("would see one weight that is off, or read in another order", () => {
    const tower = new models.TextTower({ ...TOWER, depth: 2 }, rng);
    const transposed: Compute<models.TextTower> = (net) => {
      const { weight } = net.blocks[1]?.attention.value as nn.Dense;
      weight.assign(weight.transpose());
      return net.forward(captions());
    };
    assert.throws(() => assertAsRecorded("textTower", tower, [1], transposed), /element 0: got/);
  });
});
