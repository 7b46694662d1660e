import { strict as assert } from "node:assert";

import { compile, core, models, Rng, tf } from "latentlab";

import { textContext } from "../../support/captions";
import { assertClose } from "../../support/close";
import { assertGradient } from "../../support/finite-difference";
import { int32, largest, perturb } from "../../support/tensors";

const PLAIN: models.DitConfig = {
  inputSize: 4,
  inChannels: 2,
  patchSize: 2,
  hiddenSize: 8,
  depth: 2,
  numHeads: 2,
};
const TINY: models.DitConfig = { ...PLAIN, numClasses: 3 };
const WITH_TEXT: models.DitConfig = { ...PLAIN, contextSize: 6 };

const latents = (): tf.Tensor4D => new Rng(2).normal([2, 4, 4, 2]);

function withDit(config: models.DitConfig, use: (dit: models.Dit) => void): void {
  const dit = new models.Dit(config, new Rng(1));
  try {
    tf.tidy(() => use(dit));
  } finally {
    dit.dispose();
  }
}

describe("Dit", () => {
  it("R.25 begins by predicting 0, and with learnSigma as many channels again", () => {
    withDit({ ...TINY, learnSigma: true }, (dit) => {
      const out = dit.forward(latents(), int32(1, 900), int32(0, 3));
      assert.deepEqual(out.shape, [2, 4, 4, 4]);
      assert.equal(largest(out), 0);
    });
  });

  it("R.25 hears its own example's time and class, no other's", () => {
    withDit(TINY, (dit) => {
      perturb(dit);
      const at = (t: number, label: number): tf.Tensor[] =>
        tf.split(dit.forward(latents(), int32(7, t), int32(1, label)), 2);
      const [[first, before], [still, later], [alike, other]] = [at(7, 0), at(70, 0), at(7, 3)] as [
        tf.Tensor[],
        tf.Tensor[],
        tf.Tensor[],
      ] as [[tf.Tensor, tf.Tensor], [tf.Tensor, tf.Tensor], [tf.Tensor, tf.Tensor]];
      assert.equal(largest(still.sub(first)), 0);
      assert.equal(largest(alike.sub(first)), 0);
      assert.ok(largest(later.sub(before)) > 1e-3);
      assert.ok(largest(other.sub(before)) > 1e-3);
    });
  });

  it("R.25 hears captions, but not what stands in their padding", () => {
    withDit(WITH_TEXT, (dit) => {
      perturb(dit);
      const text = textContext([2, 3]);
      const answer = dit.forward(latents(), int32(7, 7), text);
      const change = (mask: tf.Tensor): number => {
        const tokens = text.tokens.add<tf.Tensor3D>(mask.cast("float32").expandDims(2));
        return largest(dit.forward(latents(), int32(7, 7), { ...text, tokens }).sub(answer));
      };
      assert.ok(change(text.mask) > 1e-3);
      assert.equal(change(text.mask.logicalNot()), 0);
      const pooled = text.pooled.add<tf.Tensor2D>(1);
      const moved = dit.forward(latents(), int32(7, 7), { ...text, pooled });
      assert.ok(largest(moved.sub(answer)) > 1e-3);
    });
  });

  it("R.24 maps who looks at what: shares, none for padding, even where queries are 0", () => {
    withDit(WITH_TEXT, (dit) => {
      perturb(dit);
      const at = [latents(), int32(7, 70), textContext([1, 3])] as const;
      const [first, last] = dit.attentionMaps(...at) as [
        models.AttentionMaps,
        models.AttentionMaps,
      ];
      assert.deepEqual(last.self.shape, [2, 2, 4, 4]);
      assert.deepEqual(last.cross?.shape, [2, 2, 4, 4]);
      for (const map of [first.self, last.self, last.cross]) {
        assertClose(map!.sum(3).dataSync(), Array(16).fill(1));
      }
      assertClose(last.cross!.slice([0, 0, 0, 0], [1, 1, 1, 4]).dataSync(), [1, 0, 0, 0]);
      assert.ok(largest(last.self.sub(1 / 4)) > 1e-3);
      const { query } = dit.blocks[1]!.adaLn.attention;
      dit.blocks[1]!.adaLn.attention.loadStateDict({
        ...dit.blocks[1]!.adaLn.attention.stateDict(),
        "query.weight": tf.zerosLike(query.weight),
        "query.bias": tf.zerosLike(query.bias!),
      });
      assertClose(dit.attentionMaps(...at)[1]!.self.dataSync(), Array(64).fill(1 / 4));
    });
  });

  it("knows where a patch lies", () => {
    withDit(PLAIN, (dit) => {
      perturb(dit);
      const x = tf.ones<tf.Rank.R4>([1, 4, 4, 2]);
      const [left, right] = tf.split(dit.forward(x, int32(5)), 2, 2) as [tf.Tensor, tf.Tensor];
      assert.ok(largest(left.sub(right)) > 1e-3);
    });
  });

  it("has the gradient of finite differences, and the same values compiled", () => {
    withDit(TINY, (dit) => {
      perturb(dit);
      const x = new Rng(2).normal<tf.Tensor4D>([1, 4, 4, 2]);
      assertGradient(
        (at) =>
          dit
            .forward(at as tf.Tensor4D, int32(9), int32(1))
            .square()
            .sum(),
        x,
      );
      const run = compile((at: tf.Tensor4D) => dit.forward(at, int32(9), int32(1)));
      assertClose(run(x).dataSync(), dit.forward(x, int32(9), int32(1)).dataSync());
      run.dispose();
    });
  });

  it("refuses classes and captions together, and either where it takes none", () => {
    const both = { ...TINY, contextSize: 6 };
    assert.throws(() => new models.Dit(both, new Rng(1)), /numClasses or contextSize, not both/);
    withDit(PLAIN, (dit) => {
      const forward = (condition: models.Condition) => (): unknown =>
        dit.forward(latents(), int32(1, 2), condition);
      assert.throws(forward(int32(0, 1)), /labels given to a network that takes none/);
      assert.throws(forward(textContext([1, 2])), /a caption given to a network that takes none/);
    });
    withDit(WITH_TEXT, (dit) => {
      assert.throws(() => dit.forward(latents(), int32(1, 2)), core.ShapeError);
    });
  });
});

describe("DiT presets", () => {
  /** Table 4 of the paper, Gflops. */
  const PAPER = {
    "DiT-S/8": 0.36,
    "DiT-S/4": 1.41,
    "DiT-S/2": 6.06,
    "DiT-B/8": 1.42,
    "DiT-B/4": 5.56,
    "DiT-B/2": 23.01,
    "DiT-L/8": 5.01,
    "DiT-L/4": 19.7,
    "DiT-L/2": 80.71,
    "DiT-XL/8": 7.39,
    "DiT-XL/4": 29.05,
    "DiT-XL/2": 118.64,
  } as const;

  it("need the multiply–adds that the paper prints", () => {
    for (const [name, gigaflops] of Object.entries(PAPER)) {
      const config = { ...models.DIT_PRESETS[name as keyof typeof PAPER], learnSigma: true };
      const found = models.ditMultiplyAdds(config) / 1e9;
      assertClose([found], [gigaflops], { absolute: 0.0051, relative: 5e-4 });
    }
  });
});
