import { ValueError } from "../core/errors";
import { assertFloats, assertInteger } from "../core/guard";
import type { Rng } from "../core/random";
import { tf } from "../engine/tf";
import { geluTanh, silu } from "./activations";
import { MultiHeadAttention } from "./attention";
import { Dense } from "./dense";
import { zeros } from "./init";
import { Module } from "./module";
import { LayerNorm } from "./norm";

/**
 * Scale and shift the features of every token by what its example says: x (1 + scale) + shift.
 *
 * @param x `[B, N, size]`
 * @param shift `[B, size]`
 * @param scale `[B, size]`, 0 for no change
 * @returns `[B, N, size]`; the caller owns it
 * @throws ShapeError
 */
export function modulate(x: tf.Tensor3D, shift: tf.Tensor2D, scale: tf.Tensor2D): tf.Tensor3D {
  assertFloats("modulate", "x", x, ["B", "N", "size"]);
  const [batch, , size] = x.shape;
  assertFloats("modulate", "shift", shift, [batch, size]);
  assertFloats("modulate", "scale", scale, [batch, size]);
  return tf.tidy(() => x.mul(scale.add(1).expandDims(1)).add(shift.expandDims(1)));
}

export type AdaLnOptions = {
  /** Features of the condition; `size` unless told. */
  readonly conditionSize?: number;
  /** Features between the two dense layers; 4 · `size` unless told. */
  readonly hiddenSize?: number;
};

/** How the condition changes one half of a block. */
export type Modulation = {
  readonly shift: tf.Tensor2D;
  readonly scale: tf.Tensor2D;
  /** How much of the half is added to the shortcut. */
  readonly gate: tf.Tensor2D;
};

type OfTokens = (tokens: tf.Tensor3D) => tf.Tensor3D;

/**
 * One half of an adaLN-Zero block: x + gate · branch(modulated norm(x)).
 *
 * @param x tokens `[B, N, size]`
 * @param modulation what the condition makes of this half
 * @param half `branch` is the attention, or the dense layers
 * @returns `[B, N, size]`; the caller owns it
 * @throws ShapeError
 * @see Peebles & Xie 2023, arXiv:2212.09748v2, figure 3
 */
export function gatedResidual(
  x: tf.Tensor3D,
  { shift, scale, gate }: Modulation,
  { norm, branch }: Readonly<Record<"norm" | "branch", OfTokens>>,
): tf.Tensor3D {
  assertFloats("gatedResidual", "x", x, ["B", "N", "size"]);
  assertFloats("gatedResidual", "gate", gate, [x.shape[0], x.shape[2]]);
  return tf.tidy(() => {
    const said = branch(modulate(norm(x), shift, scale));
    return x.add(said.mul(gate.expandDims(1)));
  });
}

/**
 * The transformer block of DiT, adaLN-Zero: attention, then two dense layers, each normalised,
 * modulated by the condition and added to a shortcut as far as its gate opens. Gates are 0 at first,
 * so that the block begins as the identity.
 *
 * @see Peebles & Xie 2023, arXiv:2212.09748v2, figure 3
 */
export class AdaLnBlock extends Module {
  readonly norm: LayerNorm;
  /** To shift, scale and gate of the attention, then of the dense layers: `[conditionSize, 6 size]`. */
  readonly modulation: Dense;
  readonly attention: MultiHeadAttention;
  readonly dense0: Dense;
  readonly dense1: Dense;

  /** @throws ValueError if `numHeads` does not divide `size` */
  constructor(
    readonly size: number,
    numHeads: number,
    rng: Rng,
    { conditionSize = size, hiddenSize = 4 * size }: AdaLnOptions = {},
  ) {
    super();
    for (const [name, value] of Object.entries({ size, numHeads, conditionSize, hiddenSize })) {
      assertInteger("AdaLnBlock", name, value);
    }
    if (size % numHeads !== 0) {
      throw new ValueError(`AdaLnBlock: ${size} features do not divide into ${numHeads} heads.`);
    }
    this.norm = new LayerNorm(size, { epsilon: 1e-6, isAffine: false });
    this.modulation = new Dense(conditionSize, 6 * size, rng, { weightInit: zeros });
    this.attention = new MultiHeadAttention(size, numHeads, rng);
    this.dense0 = new Dense(size, hiddenSize, rng);
    this.dense1 = new Dense(hiddenSize, size, rng);
  }

  /**
   * @param x `[B, N, size]`
   * @param condition `[B, conditionSize]`: embeddings of time and class, before any activation
   * @returns `[B, N, size]`; the caller owns it
   * @throws ShapeError
   */
  forward(x: tf.Tensor3D, condition: tf.Tensor2D): tf.Tensor3D {
    assertFloats("AdaLnBlock", "x", x, ["B", "N", this.size]);
    assertFloats("AdaLnBlock", "condition", condition, [x.shape[0], this.modulation.inFeatures]);
    return tf.tidy(() => {
      const [first, second] = this.modulations(condition);
      const norm: OfTokens = (tokens) => this.norm.forward(tokens);
      const attend: OfTokens = (tokens) => this.attention.forward(tokens);
      const dense: OfTokens = (tokens) =>
        this.dense1.forward(geluTanh(this.dense0.forward(tokens))) as tf.Tensor3D;
      const h = gatedResidual(x, first, { norm, branch: attend });
      return gatedResidual(h, second, { norm, branch: dense });
    });
  }

  /** Who looks at whom in `forward(x, condition)`, `[B, heads, N, N]`; the caller owns it. */
  attentionWeights(x: tf.Tensor3D, condition: tf.Tensor2D): tf.Tensor4D {
    return tf.tidy(() => {
      const [{ shift, scale }] = this.modulations(condition);
      return this.attention.weights(modulate(this.norm.forward(x), shift, scale));
    });
  }

  /** Of the attention and of the dense layers; the caller owns the tensors. */
  private modulations(condition: tf.Tensor2D): [Modulation, Modulation] {
    const parts = tf.split(this.modulation.forward(silu(condition)), 6, 1) as tf.Tensor2D[];
    const [shift0, scale0, gate0, shift1, scale1, gate1] = parts as [
      ...[tf.Tensor2D, tf.Tensor2D, tf.Tensor2D],
      ...[tf.Tensor2D, tf.Tensor2D, tf.Tensor2D],
    ];
    return [
      { shift: shift0, scale: scale0, gate: gate0 },
      { shift: shift1, scale: scale1, gate: gate1 },
    ];
  }
}
