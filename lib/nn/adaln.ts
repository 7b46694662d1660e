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
      const seen = this.attention.forward(this.modulated(x, first));
      const h = x.add<tf.Tensor3D>(seen.mul(first.gate.expandDims(1)));
      const hidden = geluTanh(this.dense0.forward(this.modulated(h, second)));
      return h.add(this.dense1.forward(hidden).mul(second.gate.expandDims(1)));
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

  private modulated(x: tf.Tensor3D, { shift, scale }: Modulation): tf.Tensor3D {
    return modulate(this.norm.forward(x), shift, scale);
  }
}
