import { assertDtype, assertInteger, assertShape } from "../../core/guard";
import { gatherRows } from "../../core/ops";
import type { Rng } from "../../core/random";
import type { TextContext, Tokens } from "../../core/types";
import { tf } from "../../engine/tf";
import { normal, parameter } from "../../nn/init";
import { Module } from "../../nn/module";
import { LayerNorm } from "../../nn/norm";
import { TransformerBlock } from "../../nn/transformer";
import { assertDivides } from "../unet/blocks";

export type TextTowerConfig = {
  /** Number of token ids; id 0 is padding. */
  readonly vocabularySize: number;
  /** Tokens of the longest caption. */
  readonly maxTokens: number;
  /** Features of a token. */
  readonly size: number;
  readonly depth: number;
  readonly numHeads: number;
};

/**
 * CLIP's text encoder: a causal transformer. A caption's last word has seen all others, and stands
 * for it. A caption of padding alone means "no caption": its pooled vector is 0.
 *
 * @see Radford et al. 2021, arXiv:2103.00020v1, section 2.4
 */
export class TextTower extends Module {
  /** `[vocabularySize, size]` */
  readonly token: tf.Variable;
  /** `[maxTokens, size]` */
  readonly position: tf.Variable;
  readonly blocks: readonly TransformerBlock[];
  readonly norm: LayerNorm;

  /** @throws ValueError if a size is not a whole number of at least 1 */
  constructor(
    readonly config: TextTowerConfig,
    rng: Rng,
  ) {
    super();
    const { vocabularySize, maxTokens, size, depth, numHeads } = config;
    assertTextTower(config);
    this.blocks = Array.from({ length: depth }, () => new TransformerBlock(size, numHeads, rng));
    this.token = parameter([vocabularySize, size], normal(0.02), rng);
    this.position = parameter([maxTokens, size], normal(0.01), rng);
    this.norm = new LayerNorm(size);
  }

  /**
   * @param tokens ids `[B, L]`, int32, 0 behind the caption; L ≤ `maxTokens`
   * @returns features of tokens and of whole captions; the caller owns them
   * @throws ShapeError, ValueError
   */
  forward(tokens: Tokens): TextContext {
    assertShape("TextTower", "tokens", tokens, ["B", "L"]);
    assertDtype("TextTower", "tokens", tokens, "int32");
    const [batch, length] = tokens.shape;
    const { maxTokens, size } = this.config;
    assertInteger("TextTower", `maxTokens − the ${length} tokens`, maxTokens - length, 0);
    return tf.tidy(() => {
      const mask = tokens.notEqual(0) as tf.Tensor2D; // (B, L)
      const rows = gatherRows(this.token, tokens.flatten()); // (B L, size)
      let h = rows
        .reshape<tf.Tensor3D>([batch, length, size])
        .add<tf.Tensor3D>(this.position.slice(0, length));
      for (const block of this.blocks) h = block.forward(h, { isCausal: true });
      const features = this.norm.forward(h); // (B, L, size)
      const lastWord = isLast(mask).expandDims(2); // (B, L, 1)
      const pooled = features.mul(lastWord).sum<tf.Tensor2D>(1); // (B, size)
      return { tokens: features, mask, pooled };
    });
  }
}

/** Refuse sizes that do not fit, before a weight is made. @throws ValueError */
export function assertTextTower(config: TextTowerConfig): void {
  const { vocabularySize, maxTokens, size, depth, numHeads } = config;
  for (const [name, value] of Object.entries({
    vocabularySize,
    maxTokens,
    size,
    depth,
    numHeads,
  })) {
    assertInteger("TextTower", name, value);
  }
  assertDivides("TextTower: features into heads", size, numHeads);
}

/** 1 at the last true of each row, else 0: `[B, L]`. */
function isLast(mask: tf.Tensor2D): tf.Tensor2D {
  const isWord = mask.cast("float32");
  const following = isWord.slice([0, 1]).pad([
    [0, 0],
    [0, 1],
  ]);
  return isWord.sub(following).relu();
}
