import { strict as assert } from "node:assert";
import { readFileSync } from "node:fs";

import { nn, objectives, Rng, tf } from "latentlab";

import { assertClose } from "../../support/close";

type Recorded = { readonly shape: number[]; readonly values: number[] };
type Tensors = Readonly<Record<string, tf.Tensor>>;

/** What test/fixtures/transformer.py recorded of PyTorch. */
type Case = {
  readonly state?: Record<string, Recorded>;
  readonly inputs: Record<string, Recorded>;
  readonly outputs: Record<string, Recorded>;
  readonly upstream?: Recorded;
  /** Of the first output times `upstream`, by inputs. */
  readonly gradients?: Record<string, Recorded>;
};

const recording = JSON.parse(readFileSync("test/fixtures/transformer.json", "utf8")) as {
  readonly attention: Case;
  readonly multiHead: Case;
  readonly crossAttention: Case;
  readonly adaLnBlock: Case;
  readonly patches: Case & { readonly patchSize: number };
  readonly positions: Case & { readonly rows: number; readonly columns: number; size: number };
  readonly infoNce: Case;
};
const NEAR = { absolute: 5e-6, relative: 2e-5 };

const tensorOf = ({ values, shape }: Recorded): tf.Tensor => tf.tensor(values, shape);
const tensorsOf = (recorded: Record<string, Recorded>): Tensors =>
  Object.fromEntries(Object.entries(recorded).map(([name, value]) => [name, tensorOf(value)]));

/** All outputs and gradients of a case. */
function assertAsRecorded(
  { inputs, outputs, upstream, gradients = {} }: Case,
  compute: (inputs: Tensors) => Tensors,
): void {
  tf.tidy(() => {
    const given = tensorsOf(inputs);
    const ours = compute(given);
    for (const [name, want] of Object.entries(outputs)) {
      assert.deepEqual(ours[name]?.shape, want.shape, name);
      assertClose(ours[name].dataSync(), want.values, NEAR);
    }
    const [first] = Object.keys(outputs) as [string];
    for (const [name, want] of Object.entries(gradients)) {
      const loss = (at: tf.Tensor): tf.Tensor =>
        (compute({ ...given, [name]: at })[first] as tf.Tensor)
          .mul(tensorOf(upstream as Recorded))
          .sum();
      assertClose(
        tf
          .grad(loss)(given[name] as tf.Tensor)
          .dataSync(),
        want.values,
        NEAR,
      );
    }
  });
}

/** The same for a layer, with PyTorch's weights in it. */
function assertLayer<M extends nn.Module>(
  layer: M,
  recorded: Case,
  compute: (layer: M, inputs: Tensors) => Tensors,
): void {
  tf.tidy(() => layer.loadStateDict(tensorsOf(recorded.state ?? {})));
  assertAsRecorded(recorded, (inputs) => compute(layer, inputs));
  layer.dispose();
}

describe("pieces of a transformer against PyTorch", () => {
  const rng = new Rng(1);

  it("R.24 attention: plain, masked, causal, and gradients", () =>
    assertAsRecorded(recording.attention, ({ q, k, v, mask }) => {
      const [Q, K, V] = [q, k, v] as [tf.Tensor4D, tf.Tensor4D, tf.Tensor4D];
      const first = (x: tf.Tensor4D): tf.Tensor4D => x.slice([0, 0, 0], [-1, -1, Q.shape[2]]);
      return {
        out: nn.attention(Q, K, V),
        masked: nn.attention(Q, K, V, { mask: mask!.cast("bool") }),
        causal: nn.attention(Q, first(K), first(V), { isCausal: true }),
      };
    }));

  it("R.24 multi-head attention to itself and to a context, its weights and gradients", () =>
    assertLayer(
      new nn.MultiHeadAttention(8, 2, rng),
      recording.multiHead,
      (layer, { x, context }) => {
        const look = { context: context as tf.Tensor3D };
        return {
          out: layer.forward(x as tf.Tensor3D, look),
          weights: layer.weights(x as tf.Tensor3D, look),
          self: layer.forward(x as tf.Tensor3D),
        };
      },
    ));

  it("R.24 cross-attention block with padding, and gradients", () =>
    assertLayer(
      new nn.CrossAttention(8, 6, 2, rng),
      recording.crossAttention,
      (layer, { x, tokens, mask }) => ({
        out: layer.forward(x as tf.Tensor3D, {
          tokens: tokens as tf.Tensor3D,
          mask: mask!.cast("bool"),
          pooled: tokens!.mean(1),
        }),
      }),
    ));

  it("R.25 adaLN block, and gradients", () =>
    assertLayer(
      new nn.AdaLnBlock(8, 2, rng, { conditionSize: 6 }),
      recording.adaLnBlock,
      (layer, { x, c }) => ({ out: layer.forward(x as tf.Tensor3D, c as tf.Tensor2D) }),
    ));

  it("R.25 patches: cut as by unfold, embedded as by a convolution, put back as DiT does", () => {
    const { patchSize } = recording.patches;
    assertAsRecorded(recording.patches, ({ x, weight }) => {
      const tokens = nn.patchify(x as tf.Tensor4D, patchSize);
      const grid = [x!.shape[1]! / patchSize, x!.shape[2]! / patchSize] as const;
      const flat = tokens.reshape([-1, tokens.shape[2]]);
      return {
        tokens,
        embedded: flat.matMul(weight!).reshape([tokens.shape[0], tokens.shape[1], -1]),
        again: nn.unpatchify(tokens, patchSize, grid),
      };
    });
  });

  it("R.25 positions in a grid, as MAE and DiT write them", () => {
    const { rows, columns, size } = recording.positions;
    assertAsRecorded(recording.positions, () => ({
      positions: nn.gridEmbedding(rows, columns, size),
    }));
  });

  it("R.23 InfoNCE as in CLIP, and gradients, that of the temperature too", () =>
    assertAsRecorded(recording.infoNce, ({ image, text, logScale }) =>
      objectives.contrastiveLoss(image as tf.Tensor2D, text as tf.Tensor2D, logScale!),
    ));

  it("a wrong order of shift, scale and gate is seen", () => {
    const { state = {}, ...rest } = recording.adaLnBlock;
    const swapped = tf.tidy(() => {
      const parts = tf.split(tensorOf(state["modulation.bias"]!), 6);
      const [shift, scale, ...others] = parts as [tf.Tensor, tf.Tensor, ...tf.Tensor[]];
      return [...tf.concat([scale, shift, ...others]).dataSync()];
    });
    const wrong = { ...state, "modulation.bias": { shape: [48], values: swapped } };
    const block = new nn.AdaLnBlock(8, 2, rng, { conditionSize: 6 });
    const run = (): void =>
      assertLayer(block, { ...rest, state: wrong }, (layer, { x, c }) => ({
        out: layer.forward(x as tf.Tensor3D, c as tf.Tensor2D),
      }));
    assert.throws(run, /element/);
    block.dispose();
  });
});
