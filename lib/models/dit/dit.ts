import {
  assertDtype,
  assertFloats,
  assertInRange,
  assertInteger,
  assertShape,
} from "../../core/guard";
import { dataParallel } from "../../core/data-parallel";
import { ValueError } from "../../core/errors";
import type { Rng } from "../../core/random";
import type { Images, Timesteps } from "../../core/types";
import { tf } from "../../engine/tf";
import { silu } from "../../nn/activations";
import { modulate } from "../../nn/adaln";
import { Dense } from "../../nn/dense";
import { gridEmbedding, LabelEmbedding, sinusoidalEmbedding } from "../../nn/embedding";
import { normal, zeros } from "../../nn/init";
import { Module } from "../../nn/module";
import { LayerNorm } from "../../nn/norm";
import { patchify, unpatchify } from "../../nn/patches";
import { Mlp } from "../../nn/sequential";
import {
  assertConditionConfig,
  type Condition,
  type ConditionConfig,
  type ConditionParts,
  sortCondition,
} from "../condition";
import { type AttentionMaps, DitBlock } from "./block";

export type DitConfig = ConditionConfig & {
  /** Height and width of what is denoised, in latents or pixels: a multiple of `patchSize`. */
  readonly inputSize: number;
  readonly inChannels: number;
  readonly patchSize: number;
  /** Features of a token: a multiple of 4 and of `numHeads`. */
  readonly hiddenSize: number;
  /** Number of blocks. */
  readonly depth: number;
  readonly numHeads: number;
  /** Width of a block's dense layers over `hiddenSize`; 4 unless told. */
  readonly mlpRatio?: number;
  /** Predict a second set of channels for the variance (`IDDPM.15`). */
  readonly learnSigma?: boolean;
};

/** Waves in which a timestep is written, before two dense layers. */
const TIME_WAVES = 256;

/**
 * The diffusion transformer: predicts the noise in a latent (and with `learnSigma` how to interpolate
 * the variance). A sampler makes x_{t−1} of it. It begins by predicting 0, each block the identity.
 *
 * @eq R.25 ε̂ = DiT(x_t, t, c)
 * @see Peebles & Xie 2023, arXiv:2212.09748v2
 */
export class Dit extends Module {
  readonly patch: Dense;
  readonly time: Mlp;
  readonly label: LabelEmbedding | undefined;
  /** The pooled caption, to the condition. */
  readonly caption: Dense | undefined;
  readonly blocks: readonly DitBlock[];
  readonly final: { readonly norm: LayerNorm; readonly modulation: Dense; readonly out: Dense };
  private readonly outChannels: number;

  /** @throws ValueError if a size does not fit */
  constructor(
    readonly config: DitConfig,
    rng: Rng,
  ) {
    super();
    assertConfig(config);
    const { inChannels, patchSize, hiddenSize, depth, numClasses, contextSize } = config;
    this.outChannels = config.learnSigma === true ? 2 * inChannels : inChannels;
    this.patch = new Dense(patchSize ** 2 * inChannels, hiddenSize, rng);
    const small = { weightInit: normal(0.02) };
    this.time = new Mlp([TIME_WAVES, hiddenSize, hiddenSize], rng, small);
    this.label =
      numClasses === undefined ? undefined : new LabelEmbedding(numClasses, hiddenSize, rng);
    this.caption =
      contextSize === undefined ? undefined : new Dense(contextSize, hiddenSize, rng, small);
    this.blocks = Array.from({ length: depth }, () => new DitBlock(config, rng));
    this.final = {
      norm: new LayerNorm(hiddenSize, { epsilon: 1e-6, isAffine: false }),
      modulation: new Dense(hiddenSize, 2 * hiddenSize, rng, { weightInit: zeros }),
      out: new Dense(hiddenSize, patchSize ** 2 * this.outChannels, rng, { weightInit: zeros }),
    };
  }

  /**
   * @param x noisy latents `[B, size, size, C]`
   * @param t timesteps `[B]`
   * @param condition labels `[B]`, 0…K−1 or K for none, or captions; if and only if it takes them
   * @returns the noise in `x`, `[B, size, size, C]`, or `2 C` channels with `learnSigma`; the caller
   *   owns it
   * @throws ShapeError, ValueError
   */
  forward(x: Images, t: Timesteps, condition?: Condition): Images {
    const parts = this.assertInput(x, t, condition);
    return dataParallel([x, t, parts], (...part) => this.predict(...part));
  }

  private predict(x: Images, t: Timesteps, parts: ConditionParts): Images {
    const { inputSize, patchSize } = this.config;
    const side = inputSize / patchSize;
    return tf.tidy(() => {
      const c = this.embed(t, parts); // (B, hidden)
      let h = this.tokensOf(x); //       (B, N, hidden)
      for (const block of this.blocks) h = block.forward(h, c, parts.text);
      const [shift, scale] = tf.split(this.final.modulation.forward(silu(c)), 2, 1) as [
        tf.Tensor2D,
        tf.Tensor2D,
      ];
      const out = this.final.out.forward(modulate(this.final.norm.forward(h), shift, scale));
      return unpatchify(out as tf.Tensor3D, patchSize, [side, side]); // (B, size, size, C)
    });
  }

  /**
   * Who looks at what, block by block, while `forward` runs on the same arguments.
   *
   * @eq R.24
   * @returns maps of each block; the caller owns the tensors
   * @throws ShapeError, ValueError
   */
  attentionMaps(x: Images, t: Timesteps, condition?: Condition): AttentionMaps[] {
    const parts = this.assertInput(x, t, condition);
    return tf.tidy(() => {
      const c = this.embed(t, parts);
      let h = this.tokensOf(x);
      return this.blocks.map((block) => {
        const maps = block.attentionMaps(h, c, parts.text);
        h = block.forward(h, c, parts.text);
        return maps;
      });
    });
  }

  private assertInput(x: Images, t: Timesteps, condition: Condition | undefined): ConditionParts {
    const { inputSize, inChannels } = this.config;
    assertFloats("Dit", "x", x, ["B", inputSize, inputSize, inChannels]);
    const [batch] = x.shape; // B
    assertShape("Dit", "t", t, [batch]);
    if (t.dtype !== "int32") assertDtype("Dit", "t", t, "float32");
    return sortCondition("Dit", condition, { ...this.config, batch });
  }

  /** Patches with their positions, `[B, N, hiddenSize]`. */
  private tokensOf(x: Images): tf.Tensor3D {
    const { inputSize, patchSize, hiddenSize } = this.config;
    const side = inputSize / patchSize;
    const tokens = this.patch.forward(patchify(x, patchSize)) as tf.Tensor3D;
    return tokens.add(gridEmbedding(side, side, hiddenSize));
  }

  /** Time, class and caption in one vector, `[B, hiddenSize]`. */
  private embed(t: Timesteps, { labels, text }: ConditionParts): tf.Tensor2D {
    const time = this.time.forward(sinusoidalEmbedding(t, TIME_WAVES)) as tf.Tensor2D;
    if (labels !== undefined) return time.add(this.label?.forward(labels) as tf.Tensor2D);
    if (text !== undefined) return time.add(this.caption?.forward(text.pooled) as tf.Tensor2D);
    return time;
  }
}

/** Everything is checked before the first weight is made, so that a refusal leaves nothing behind. */
function assertConfig(config: DitConfig): void {
  const { inputSize, inChannels, patchSize, hiddenSize, depth, numHeads } = config;
  const { mlpRatio = 4, numClasses = 1, contextSize = 1 } = config;
  const sizes = { inputSize, inChannels, patchSize, hiddenSize, depth, numHeads };
  for (const [name, value] of Object.entries({ ...sizes, numClasses, contextSize })) {
    assertInteger("Dit", name, value);
  }
  assertInRange("Dit", "mlpRatio", mlpRatio, [Number.MIN_VALUE, Number.MAX_VALUE]);
  assertInteger("Dit", "mlpRatio · hiddenSize", mlpRatio * hiddenSize);
  assertConditionConfig("Dit", config);
  assertMultiple("inputSize", inputSize, ["patchSize", patchSize]);
  assertMultiple("hiddenSize", hiddenSize, ["numHeads", numHeads]);
  assertMultiple("hiddenSize", hiddenSize, ["the position embedding's unit", 4]);
}

function assertMultiple(name: string, value: number, [of, unit]: readonly [string, number]): void {
  if (value % unit === 0) return;
  throw new ValueError(`Dit: ${name} must be a multiple of ${of} = ${unit}, got ${value}.`);
}
