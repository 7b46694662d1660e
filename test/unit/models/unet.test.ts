import { strict as assert } from "node:assert";

import { compile, core, models, Rng, tf } from "latentlab";

import { assertClose } from "../../support/close";
import { int32, largest, perturb } from "../../support/tensors";

/** Two levels, 8×8 and 4×4; pixels attend at 4×4. */
const TWO_LEVELS: models.UnetConfig = {
  imageSize: 8,
  imageChannels: 1,
  baseChannels: 4,
  channelMultipliers: [1, 2],
  numResBlocks: 1,
  attentionSizes: [4],
  numGroups: 2,
  numHeads: 2,
  numClasses: 3,
};

const THREE_LEVELS: models.UnetConfig = {
  imageSize: 16,
  imageChannels: 3,
  baseChannels: 8,
  channelMultipliers: [1, 1, 2],
  numResBlocks: 2,
  attentionSizes: [],
  timeSize: 12,
};

const conv = (k: number, i: number, o: number): number => k * k * i * o + o;
const dense = (i: number, o: number): number => i * o + o;
const norm = (channels: number): number => 2 * channels;
const attention = (c: number): number => norm(c) + dense(c, 3 * c) + dense(c, c);

function resBlock(time: number): (i: number, o: number) => number {
  return (i, o) => {
    const inner = norm(i) + conv(3, i, o) + dense(time, o) + norm(o) + conv(3, o, o);
    return inner + (i === o ? 0 : conv(1, i, o));
  };
}

function countOf(config: models.UnetConfig): number {
  const unet = new models.Unet(config, new Rng(1));
  const count = unet.parameterCount();
  unet.dispose();
  return count;
}

describe("Unet's size", () => {
  it("of two levels with attention and classes is the sum over its blocks", () => {
    const res = resBlock(16);
    const down = res(4, 4) + conv(3, 4, 4) + (res(4, 8) + attention(8));
    const mid = res(8, 8) + attention(8) + res(8, 8);
    // Each block of the way up is given what the block or resize opposite made: 8, 4; 4, 4.
    const coarse = res(8 + 8, 8) + attention(8) + res(8 + 4, 8) + attention(8) + conv(3, 8, 8);
    const fine = res(8 + 4, 4) + res(4 + 4, 4);
    const ends = 2 * dense(16, 16) + (3 + 1) * 16 + conv(3, 1, 4) + norm(4) + conv(3, 4, 1);
    assert.equal(countOf(TWO_LEVELS), down + mid + coarse + fine + ends);
  });

  it("of three levels without attention on the way is the sum over its blocks", () => {
    const res = resBlock(12);
    const down = 2 * (2 * res(8, 8) + conv(3, 8, 8)) + res(8, 16) + res(16, 16);
    const mid = res(16, 16) + attention(16) + res(16, 16);
    const coarse = res(16 + 16, 16) + res(16 + 16, 16) + res(16 + 8, 16) + conv(3, 16, 16);
    const middle = res(16 + 8, 8) + 2 * res(8 + 8, 8) + conv(3, 8, 8);
    const fine = 3 * res(8 + 8, 8);
    const ends = 2 * dense(12, 12) + conv(3, 3, 8) + norm(8) + conv(3, 8, 3);
    assert.equal(countOf(THREE_LEVELS), down + mid + coarse + middle + fine + ends);
  });
});

describe("Unet", () => {
  let unet: models.Unet;
  beforeEach(() => (unet = new models.Unet(TWO_LEVELS, new Rng(1))));
  afterEach(() => unet.dispose());

  const pictures = (): tf.Tensor4D => new Rng(2).normal([2, 8, 8, 1]);

  it("predicts exactly no noise at first", () => {
    tf.tidy(() => {
      const noise = unet.forward(pictures(), int32(1, 1000), int32(0, 3));
      assert.deepEqual(noise.shape, [2, 8, 8, 1]);
      assert.equal(largest(noise), 0);
    });
  });

  it("cannot hear time or class while its blocks are shortcuts, and hears both after", () => {
    const change = (t: number, label: number): number =>
      tf.tidy(() => {
        const x = pictures();
        const before = unet.forward(x, int32(5, 5), int32(0, 0));
        const [still, moved] = tf.split(
          unet.forward(x, int32(5, t), int32(0, label)).sub(before),
          2,
        );
        assert.equal(largest(still!), 0, "one example's time or class reaches another");
        return largest(moved!);
      });
    tf.tidy(() => unet.out.conv.weight.assign(new Rng(3).normal([3, 3, 4, 1])));
    assert.equal(change(500, 0), 0);
    assert.equal(change(5, 1), 0);
    tf.tidy(() => unet.mid.res0.conv1.weight.assign(new Rng(4).normal([3, 3, 8, 8])));
    assert.ok(change(500, 0) > 1e-3);
    assert.ok(change(5, 1) > 1e-3);
    assert.ok(change(5, 3) > 1e-3, "no class is not class 0");
  });

  it("permutes its answers as the examples are permuted", () => {
    perturb(unet);
    tf.tidy(() => {
      const [x, t, labels] = [pictures(), int32(3, 800), int32(2, 0)];
      const swapped = unet.forward(x.reverse(0), t.reverse(), labels.reverse());
      const want = unet.forward(x, t, labels).reverse(0);
      assertClose(swapped.dataSync(), want.dataSync(), { absolute: 1e-5 });
      assert.ok(largest(want.sub(want.reverse(0))) > 0.1);
    });
  });

  it("joins every block of the way up with the one opposite, last made first", () => {
    // Read off the network's own weights, block by block.
    perturb(unet);
    tf.tidy(() => {
      const [x, t, labels] = [pictures(), int32(3, 800), int32(2, 0)];
      const time = timeFeaturesOf(unet, t, labels);
      const join = (a: tf.Tensor4D, b: tf.Tensor4D): tf.Tensor4D => tf.concat([a, b], 3);
      const [fineDown, coarseDown] = unet.down as [models.Unet["down"][0], models.Unet["down"][0]];
      const [coarseUp, fineUp] = unet.up as [models.Unet["up"][0], models.Unet["up"][0]];
      const first = unet.convIn.forward(x);
      const second = fineDown.res[0]!.forward(first, time);
      const third = fineDown.resize!.forward(second);
      const fourth = coarseDown.attn[0]!.forward(coarseDown.res[0]!.forward(third, time));
      let h = unet.mid.attn.forward(unet.mid.res0.forward(fourth, time));
      h = unet.mid.res1.forward(h, time);
      h = coarseUp.attn[0]!.forward(coarseUp.res[0]!.forward(join(h, fourth), time));
      h = coarseUp.attn[1]!.forward(coarseUp.res[1]!.forward(join(h, third), time));
      h = coarseUp.resize!.forward(tf.image.resizeNearestNeighbor(h, [8, 8]));
      h = fineUp.res[0]!.forward(join(h, second), time);
      h = fineUp.res[1]!.forward(join(h, first), time);
      const last = unet.out.norm.forward(h);
      const want = unet.out.conv.forward(last.mul(tf.sigmoid(last)));
      const got = unet.forward(x, t, labels);
      assertClose(got.dataSync(), want.dataSync(), { absolute: 1e-5, relative: 1e-4 });
    });
  });

  it("gives the same compiled, gradients too", () => {
    perturb(unet);
    const step = (x: tf.Tensor, t: tf.Tensor, labels: tf.Tensor): tf.Tensor[] =>
      tf.tidy(() => {
        const loss = (): tf.Scalar =>
          unet
            .forward(x as tf.Tensor4D, t as tf.Tensor1D, labels as tf.Tensor1D)
            .square()
            .mean();
        const { value, grads } = tf.variableGrads(loss, unet.parameters());
        return [value, ...unet.parameters().map(({ name }) => grads[name]!)];
      });
    const compiled = compile(step);
    const inputs = [pictures(), int32(3, 800), int32(2, 3)] as const;
    const [want, got] = [step(...inputs), compiled(...inputs)];
    assert.equal(got.length, want.length);
    got.forEach((values, i) => {
      const scale = largest(want[i]!);
      assert.ok(scale > 0, `${[...unet.namedParameters().keys()][i - 1]} has no gradient`);
      assertClose(values.dataSync(), want[i]!.dataSync(), { absolute: 1e-4 * scale });
    });
    compiled.dispose();
    tf.dispose([...inputs, ...want, ...got]);
  });
});

/** silu of the embedding of time and class, from the definitions. */
function timeFeaturesOf(unet: models.Unet, t: tf.Tensor1D, labels: tf.Tensor1D): tf.Tensor2D {
  const silu = (x: tf.Tensor): tf.Tensor => x.mul(tf.sigmoid(x));
  const waves = Array.from(t.dataSync(), (time) => {
    const phases = Array.from({ length: 8 }, (_, i) => time * 10_000 ** (-i / 8));
    return [...phases.map(Math.cos), ...phases.map(Math.sin)];
  });
  const hidden = silu(unet.time.dense0.forward(tf.tensor2d(waves)));
  const ofClass = unet.label!.weight.gather(labels);
  return silu(unet.time.dense1.forward(hidden).add(ofClass)) as tf.Tensor2D;
}

describe("Unet refuses", () => {
  const build = (changes: Partial<models.UnetConfig>): (() => unknown) => {
    return () => new models.Unet({ ...TWO_LEVELS, ...changes }, new Rng(1));
  };

  for (const [what, changes, message] of [
    [
      "a size that its levels do not divide",
      { imageSize: 7 },
      /imageSize by 2\^1.*2 does not divide 7/,
    ],
    [
      "groups that do not divide the channels",
      { numGroups: 3 },
      /into groups: 3 does not divide 4/,
    ],
    ["heads that do not divide the channels", { numHeads: 3 }, /into heads: 3 does not divide 8/],
    ["patches that do not divide the picture", { patchSize: 3 }, /by patchSize: 3 does not/],
    ["attention at the size of no level", { attentionSizes: [5] }, /of 5 pixels; there are 8, 4/],
    ["no class at all", { numClasses: 0 }, /numClasses must be a whole number of at least 1/],
    ["no level", { channelMultipliers: [] }, /number of channelMultipliers/],
  ] as const) {
    it(`${what}, leaving nothing behind`, () => {
      assert.throws(build(changes), { name: "ValueError", message });
    });
  }

  it("pictures of another size, and times or labels for another batch", () => {
    const unet = new models.Unet(TWO_LEVELS, new Rng(1));
    tf.tidy(() => {
      const [x, t, labels] = [tf.zeros([2, 8, 8, 1]) as tf.Tensor4D, int32(1, 2), int32(0, 1)];
      const wrong = [
        [
          () => unet.forward(tf.zeros([2, 16, 16, 1]), t, labels),
          /x must have shape \[B, 8, 8, 1\]/,
        ],
        [() => unet.forward(x, int32(1), labels), /t must have shape \[2\], got \[1\]/],
        [() => unet.forward(x, t, int32(0)), /labels must have shape \[2\], got \[1\]/],
        [() => unet.forward(x, t, tf.tensor1d([0, 1])), /labels must be int32/],
        [() => unet.forward(x, t), /labels must be a tensor, got undefined/],
      ] as const;
      for (const [call, message] of wrong) assert.throws(call, { name: "ShapeError", message });
    });
    unet.dispose();
  });

  it("labels for a network without classes", () => {
    const unet = new models.Unet(THREE_LEVELS, new Rng(1));
    tf.tidy(() => {
      const x = tf.zeros([1, 16, 16, 3]) as tf.Tensor4D;
      assert.throws(() => unet.forward(x, int32(1), int32(0)), core.ValueError);
    });
    unet.dispose();
  });
});
