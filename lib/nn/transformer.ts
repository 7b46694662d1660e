import { assertFloats, assertInteger, assertShape } from "../core/guard";
import { ShapeError, ValueError } from "../core/errors";
import type { Rng } from "../core/random";
import type { TextContext } from "../core/types";
import { tf } from "../engine/tf";
import { geluTanh } from "./activations";
import { type AttentionOptions, MultiHeadAttention, type MultiHeadInput } from "./attention";
import { Mlp } from "./sequential";
import { zeros } from "./init";
import { Module } from "./module";
import { LayerNorm } from "./norm";

/**
 * A transformer block that normalises before it acts: attention, then two dense layers of width
 * 4 · size, each added to a shortcut.
 *
 * @see Radford et al. 2019, "Language models are unsupervised multitask learners", section 2.3
 */
export class TransformerBlock extends Module {
  readonly norm0: LayerNorm;
  readonly attention: MultiHeadAttention;
  readonly norm1: LayerNorm;
  readonly mlp: Mlp;

  /** @throws ValueError if `numHeads` does not divide `size` */
  constructor(
    readonly size: number,
    numHeads: number,
    rng: Rng,
  ) {
    super();
    assertHeads("TransformerBlock", size, numHeads);
    this.norm0 = new LayerNorm(size);
    this.attention = new MultiHeadAttention(size, numHeads, rng);
    this.norm1 = new LayerNorm(size);
    this.mlp = new Mlp([size, 4 * size, size], rng, { activation: geluTanh });
  }

  /** @param x `[B, N, size]` @returns the same shape; the caller owns it @throws ShapeError */
  forward(x: tf.Tensor3D, options: AttentionOptions = {}): tf.Tensor3D {
    assertFloats("TransformerBlock", "x", x, ["B", "N", this.size]);
    return tf.tidy(() => {
      const h = x.add<tf.Tensor3D>(this.attention.forward(this.norm0.forward(x), options));
      return h.add(this.mlp.forward(this.norm1.forward(h)));
    });
  }
}

/**
 * Tokens look at a caption's tokens, around a shortcut; begins as its shortcut.
 *
 * @see Rombach et al. 2022, arXiv:2112.10752v2, section 3.3
 */
export class CrossAttention extends Module {
  readonly norm: LayerNorm;
  readonly attention: MultiHeadAttention;

  /**
   * @param contextSize features of a caption's token
   * @throws ValueError if `numHeads` does not divide `size`
   */
  constructor(
    readonly size: number,
    readonly contextSize: number,
    numHeads: number,
    rng: Rng,
  ) {
    super();
    assertHeads("CrossAttention", size, numHeads);
    assertInteger("CrossAttention", "contextSize", contextSize);
    this.norm = new LayerNorm(size);
    this.attention = new MultiHeadAttention(size, numHeads, rng, {
      contextSize,
      outputInit: zeros,
    });
  }

  /**
   * @param x `[B, N, size]`
   * @param context captions of B examples; padding is not looked at
   * @returns `[B, N, size]`; the caller owns it
   * @throws ShapeError
   */
  forward(x: tf.Tensor3D, context: TextContext): tf.Tensor3D {
    this.assertInput(x, context);
    return tf.tidy(() =>
      x.add(this.attention.forward(this.norm.forward(x), multiHeadInput(context))),
    );
  }

  /** How much of each word `forward` takes, `[B, heads, N, L]`; the caller owns it. */
  attentionWeights(x: tf.Tensor3D, context: TextContext): tf.Tensor4D {
    this.assertInput(x, context);
    return tf.tidy(() => this.attention.weights(this.norm.forward(x), multiHeadInput(context)));
  }

  private assertInput(x: tf.Tensor3D, context: TextContext): void {
    assertFloats("CrossAttention", "x", x, ["B", "N", this.size]);
    assertTextContext("CrossAttention", context, [x.shape[0], this.contextSize]);
  }
}

/** A caption as what is looked at; for use inside a tidy. */
function multiHeadInput({ tokens, mask }: TextContext): MultiHeadInput {
  return { context: tokens, mask: mask.expandDims(1).expandDims(1) }; // (B, 1, 1, L)
}

/** Refuse anything but captions of `batch` examples in `size` features. @throws ShapeError */
export function assertTextContext(
  where: string,
  context: TextContext,
  [batch, size]: readonly [batch: number, size: number],
): void {
  if (typeof context !== "object" || context === null) {
    throw new ShapeError(`${where}: context must be an encoded caption, got ${typeof context}.`);
  }
  assertFloats(where, "context.tokens", context.tokens, [batch, "L", size]);
  assertShape(where, "context.mask", context.mask, context.tokens.shape.slice(0, 2));
  assertFloats(where, "context.pooled", context.pooled, [batch, size]);
}

function assertHeads(where: string, size: number, numHeads: number): void {
  assertInteger(where, "size", size);
  assertInteger(where, "numHeads", numHeads);
  if (size % numHeads === 0) return;
  throw new ValueError(`${where}: ${size} features do not divide into ${numHeads} heads.`);
}
