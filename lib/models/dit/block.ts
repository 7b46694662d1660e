import type { Rng } from "../../core/random";
import type { TextContext } from "../../core/types";
import type { tf } from "../../engine/tf";
import { AdaLnBlock } from "../../nn/adaln";
import { Module } from "../../nn/module";
import { CrossAttention } from "../../nn/transformer";
import type { DitConfig } from "./dit";

/** Who looks at what in a block; the caller owns the tensors. */
export type AttentionMaps = {
  /** Of each token at each, `[B, heads, N, N]`, rows summing to 1. */
  readonly self: tf.Tensor4D;
  /** Of each token at each word, `[B, heads, N, L]`, in a network that takes captions. */
  readonly cross?: tf.Tensor4D;
};

/** An adaLN-Zero block; with captions, its tokens then look at the caption's. */
export class DitBlock extends Module {
  readonly adaLn: AdaLnBlock;
  readonly cross: CrossAttention | undefined;

  constructor({ hiddenSize, numHeads, mlpRatio = 4, contextSize }: DitConfig, rng: Rng) {
    super();
    this.adaLn = new AdaLnBlock(hiddenSize, numHeads, rng, { hiddenSize: mlpRatio * hiddenSize });
    this.cross =
      contextSize === undefined
        ? undefined
        : new CrossAttention(hiddenSize, contextSize, numHeads, rng);
  }

  forward(x: tf.Tensor3D, condition: tf.Tensor2D, text: TextContext | undefined): tf.Tensor3D {
    const h = this.adaLn.forward(x, condition);
    return this.cross === undefined || text === undefined ? h : this.cross.forward(h, text);
  }

  attentionMaps(
    x: tf.Tensor3D,
    condition: tf.Tensor2D,
    text: TextContext | undefined,
  ): AttentionMaps {
    const self = this.adaLn.attentionWeights(x, condition);
    if (this.cross === undefined || text === undefined) return { self };
    const h = this.adaLn.forward(x, condition);
    const cross = this.cross.attentionWeights(h, text);
    h.dispose();
    return { self, cross };
  }
}
