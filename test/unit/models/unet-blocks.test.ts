import { strict as assert } from "node:assert";

import { models, Rng, tf } from "latentlab";

import { assertClose } from "../../support/close";
import { assertGradient } from "../../support/finite-difference";
import { int32, largest, perturb } from "../../support/tensors";

describe("blocks of the U-Net", () => {
  it("a residual block begins as its shortcut, also where the channels change", () => {
    const config = { numGroups: 2, timeSize: 3 };
    const same = new models.ResBlock(4, 4, config, new Rng(1));
    const wider = new models.ResBlock(4, 6, config, new Rng(1));
    tf.tidy(() => {
      const x = new Rng(2).normal<tf.Tensor4D>([2, 3, 5, 4]);
      const time = new Rng(3).normal<tf.Tensor2D>([2, 3]);
      assert.deepEqual(same.forward(x, time).dataSync(), x.dataSync());
      const kernel = wider.skip!.weight.reshape<tf.Tensor2D>([4, 6]);
      const want = x.reshape<tf.Tensor2D>([30, 4]).matMul(kernel);
      assertClose(wider.forward(x, time).dataSync(), want.dataSync());
      perturb(same);
      assert.ok(largest(same.forward(x, time).sub(x)) > 0.1);
    });
    same.dispose();
    wider.dispose();
  });

  it("attention begins as its shortcut, and permutes pixels as they are permuted", () => {
    const block = new models.PixelAttention(4, 2, { numGroups: 2 }, new Rng(1));
    tf.tidy(() => {
      const x = new Rng(2).normal<tf.Tensor4D>([2, 2, 3, 4]);
      assert.deepEqual(block.forward(x).dataSync(), x.dataSync());
      perturb(block);
      const order = int32(4, 2, 0, 5, 1, 3);
      const shuffle = (y: tf.Tensor4D): tf.Tensor4D =>
        y.reshape<tf.Tensor3D>([2, 6, 4]).gather(order, 1).reshape([2, 2, 3, 4]);
      const got = block.forward(shuffle(x)).dataSync();
      const answer = block.forward(x);
      assertClose(got, shuffle(answer).dataSync(), { absolute: 1e-5 });
      assert.throws(() => assertClose(got, answer.dataSync()), /element/);
    });
    block.dispose();
  });

  it("a residual block moves what lies far from the border along with the picture", () => {
    const block = new models.ResBlock(2, 2, { numGroups: 1, timeSize: 3 }, new Rng(1));
    perturb(block);
    tf.tidy(() => {
      // A patch in a sea of zeros keeps the group's moments when it moves.
      const patch = new Rng(2).normal<tf.Tensor4D>([1, 3, 3, 2]);
      const placed = (top: number, left: number): tf.Tensor4D =>
        patch.pad([
          [0, 0],
          [top, 9 - top],
          [left, 9 - left],
          [0, 0],
        ]); // 12 × 12
      const time = new Rng(3).normal<tf.Tensor2D>([1, 3]);
      const around = (top: number, left: number): tf.Tensor =>
        block.forward(placed(top, left), time).slice([0, top - 2, left - 2, 0], [1, 7, 7, 2]);
      assertClose(around(4, 5).dataSync(), around(5, 4).dataSync(), { absolute: 1e-5 });
    });
    block.dispose();
  });
});

describe("Unet's gradient", () => {
  const TINY: models.UnetConfig = {
    imageSize: 4,
    imageChannels: 1,
    baseChannels: 2,
    channelMultipliers: [1, 2],
    numResBlocks: 1,
    attentionSizes: [2],
    numGroups: 1,
    timeSize: 4,
  };

  it("by the picture, and along every block's weights, is that of finite differences", () => {
    const unet = new models.Unet(TINY, new Rng(1));
    perturb(unet);
    tf.tidy(() => {
      const x = new Rng(2).normal<tf.Tensor4D>([1, 4, 4, 1]);
      const target = new Rng(3).normal([1, 4, 4, 1]);
      const loss = (at: tf.Tensor): tf.Tensor =>
        unet
          .forward(at as tf.Tensor4D, int32(40))
          .sub(target)
          .square()
          .sum();
      assertGradient(loss, x);
      const { grads } = tf.variableGrads(() => loss(x) as tf.Scalar, unet.parameters());
      for (const [block, variables] of variablesByBlock(unet)) {
        const directions = variables.map(({ shape }, i) => new Rng(i).normal(shape, 0, 0.15));
        const slope = variables.reduce(
          (sum, { name }, i) => sum + grads[name]!.mul(directions[i]!).sum().dataSync()[0]!,
          0,
        );
        const want = slopeAlong(variables, directions, () => loss(x).dataSync()[0]!);
        const tolerance = 2e-3 * Math.max(1, Math.abs(want));
        assert.ok(Math.abs(slope - want) < tolerance, `${block}: ${slope} instead of ${want}`);
      }
    });
    unet.dispose();
  });
});

/** `"down.0.res.0"` → all variables of that block. */
function variablesByBlock(unet: models.Unet): Map<string, tf.Variable[]> {
  const blocks = new Map<string, tf.Variable[]>();
  for (const [path, variable] of unet.namedParameters()) {
    const block = path.split(".").slice(0, -2).join(".");
    blocks.set(block, [...(blocks.get(block) ?? []), variable]);
  }
  return blocks;
}

/** Fourth-order difference of f as variables move together, each along its direction. */
function slopeAlong(variables: tf.Variable[], directions: tf.Tensor[], f: () => number): number {
  const starts = variables.map((variable) => variable.clone());
  const move = (steps: number): void =>
    variables.forEach((variable, i) =>
      variable.assign(starts[i]!.add(directions[i]!.mul(steps * STEP))),
    );
  const at = (steps: number): number => {
    move(steps);
    return f();
  };
  const slope = (8 * (at(1) - at(-1)) - (at(2) - at(-2))) / (12 * STEP);
  move(0);
  return slope;
}

const STEP = 0.05;
