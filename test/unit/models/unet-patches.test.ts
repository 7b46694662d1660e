import { strict as assert } from "node:assert";

import { models, nn, Rng, tf } from "latentlab";

import { assertClose } from "../../support/close";
import { int32, largest, perturb } from "../../support/tensors";

const CONFIG = {
  baseChannels: 4,
  channelMultipliers: [1, 2],
  numResBlocks: 1,
  attentionSizes: [4],
  numGroups: 2,
} as const;

describe("Unet on patches", () => {
  it("is the network of as many channels, seen through patchify", () => {
    const rng = new Rng(1);
    const shape = { imageSize: 16, imageChannels: 1, patchSize: 2 };
    const whole = new models.Unet({ ...CONFIG, ...shape }, rng);
    const ofPatches = new models.Unet({ ...CONFIG, imageSize: 8, imageChannels: 4 }, rng);
    perturb(whole);
    ofPatches.loadStateDict(whole.stateDict());
    tf.tidy(() => {
      const [x, t] = [new Rng(2).normal<tf.Tensor4D>([2, 16, 16, 1]), int32(3, 800)];
      const patches = nn.patchify(x, 2).reshape<tf.Tensor4D>([2, 8, 8, 4]);
      const want = ofPatches.forward(patches, t);
      const got = nn.patchify(whole.forward(x, t), 2);
      assertClose(got.dataSync(), want.dataSync());
      assert.ok(largest(got) > 0.1);
    });
    whole.dispose();
    ofPatches.dispose();
  });
});
