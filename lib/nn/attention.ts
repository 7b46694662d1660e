import { ShapeError, ValueError } from "../core/errors";
import { assertFloats, assertInteger, assertTensor } from "../core/guard";
import { softmax } from "../core/ops";
import type { Rng } from "../core/random";
import { tf } from "../engine/tf";
import { Dense } from "./dense";
import { type Initializer, xavierUniform } from "./init";
import { Module } from "./module";

export type AttentionOptions = {
  /** True where a query may look at a key; bool, broadcast to `[B, heads, N, M]`. */
  readonly mask?: tf.Tensor;
  /** Whether token n sees tokens 0…n only. */
  readonly isCausal?: boolean;
};

/** Added to the scores of what is masked: e^−1e9 is 0, and a row without any key stays finite. */
const MASKED = -1e9;

/**
 * How much each query takes from each key: softmax(QKᵀ / √d) over the keys.
 *
 * @eq R.24
 * @param query `[B, heads, N, d]`
 * @param key `[B, heads, M, d]`
 * @returns `[B, heads, N, M]`, rows summing to 1; the caller owns it
 * @throws ShapeError
 */
export function attentionWeights(
  query: tf.Tensor4D,
  key: tf.Tensor4D,
  { mask, isCausal = false }: AttentionOptions = {},
): tf.Tensor4D {
  assertFloats("attention", "query", query, ["B", "heads", "N", "d"]);
  const [batch, heads, queries, size] = query.shape;
  assertFloats("attention", "key", key, [batch, heads, "M", size]);
  const scoreShape = [batch, heads, queries, key.shape[2]];
  if (mask !== undefined) assertMask(mask, scoreShape);
  return tf.tidy(() => {
    let scores = tf.matMul(query, key, false, true).div(Math.sqrt(size)); // (B, heads, N, M)
    for (const seen of [mask, isCausal ? lowerTriangle(scoreShape) : undefined]) {
      if (seen !== undefined) scores = scores.add(tf.sub(1, seen.cast("float32")).mul(MASKED));
    }
    return softmax(scores as tf.Tensor4D);
  });
}

/**
 * Scaled dot-product attention, softmax(QKᵀ / √d) V.
 *
 * @eq R.24
 * @param query `[B, heads, N, d]`
 * @param key `[B, heads, M, d]`
 * @param value `[B, heads, M, e]`
 * @returns `[B, heads, N, e]`; the caller owns it
 * @throws ShapeError
 * @see Vaswani et al. 2017, arXiv:1706.03762v7, eq. 1
 */
export function attention(
  query: tf.Tensor4D,
  key: tf.Tensor4D,
  value: tf.Tensor4D,
  options: AttentionOptions = {},
): tf.Tensor4D {
  assertTensor("attention", "key", key);
  assertFloats("attention", "value", value, [...key.shape.slice(0, 3), "e"]);
  return tf.tidy(() => tf.matMul(attentionWeights(query, key, options), value));
}

export type MultiHeadOptions = {
  /** Features of what is looked at, if it is not the queries' own. */
  readonly contextSize?: number;
  /** First weights of the map after the attention; zero makes it begin by saying nothing. */
  readonly outputInit?: Initializer;
};

export type MultiHeadInput = AttentionOptions & {
  /** What the queries look at, `[B, M, contextSize]`: themselves unless given. */
  readonly context?: tf.Tensor3D;
};

/** Attention in `numHeads` slices of the features, with learnt maps before and after. */
export class MultiHeadAttention extends Module {
  readonly query: Dense;
  readonly key: Dense;
  readonly value: Dense;
  readonly output: Dense;

  /** @throws ValueError if `numHeads` does not divide `size` */
  constructor(
    readonly size: number,
    readonly numHeads: number,
    rng: Rng,
    { contextSize = size, outputInit = xavierUniform }: MultiHeadOptions = {},
  ) {
    super();
    assertInteger("MultiHeadAttention", "size", size);
    assertInteger("MultiHeadAttention", "numHeads", numHeads);
    assertInteger("MultiHeadAttention", "contextSize", contextSize);
    if (size % numHeads !== 0) {
      throw new ValueError(
        `MultiHeadAttention: ${size} features do not divide into ${numHeads} heads.`,
      );
    }
    this.query = new Dense(size, size, rng);
    this.key = new Dense(contextSize, size, rng);
    this.value = new Dense(contextSize, size, rng);
    this.output = new Dense(size, size, rng, { weightInit: outputInit });
  }

  /**
   * @param x `[B, N, size]`
   * @returns `[B, N, size]`; the caller owns it
   * @throws ShapeError
   */
  forward(x: tf.Tensor3D, { context = x, ...options }: MultiHeadInput = {}): tf.Tensor3D {
    this.assertInput(x, context);
    return tf.tidy(() => {
      const { query, key } = this.queryAndKey(x, context);
      const value = splitHeads(this.value.forward(context), this.numHeads); // (B, heads, M, d)
      const seen = attention(query, key, value, options); // (B, heads, N, d)
      return this.output.forward(mergeHeads(seen)) as tf.Tensor3D;
    });
  }

  /** How much of each token `forward` takes, `[B, heads, N, M]`; the caller owns it. */
  weights(x: tf.Tensor3D, { context = x, ...options }: MultiHeadInput = {}): tf.Tensor4D {
    this.assertInput(x, context);
    return tf.tidy(() => {
      const { query, key } = this.queryAndKey(x, context);
      return attentionWeights(query, key, options);
    });
  }

  private assertInput(x: tf.Tensor3D, context: tf.Tensor3D): void {
    assertFloats("MultiHeadAttention", "x", x, ["B", "N", this.size]);
    const [batch] = x.shape;
    assertFloats("MultiHeadAttention", "context", context, [batch, "M", this.key.inFeatures]);
  }

  private queryAndKey(
    x: tf.Tensor3D,
    context: tf.Tensor3D,
  ): Readonly<Record<"query" | "key", tf.Tensor4D>> {
    return {
      query: splitHeads(this.query.forward(x), this.numHeads), // (B, heads, N, d)
      key: splitHeads(this.key.forward(context), this.numHeads), // (B, heads, M, d)
    };
  }
}

/** `[B, N, heads·d]` → `[B, heads, N, d]`; the caller owns it. @throws ShapeError */
export function splitHeads(x: tf.Tensor, numHeads: number): tf.Tensor4D {
  assertInteger("splitHeads", "numHeads", numHeads);
  assertFloats("splitHeads", "x", x, ["B", "N", "features"]);
  const [batch, tokens, size] = x.shape as [number, number, number];
  if (size % numHeads !== 0) {
    throw new ShapeError(`splitHeads: ${size} features do not divide into ${numHeads} heads.`);
  }
  return tf.tidy(() =>
    x.reshape([batch, tokens, numHeads, size / numHeads]).transpose<tf.Tensor4D>([0, 2, 1, 3]),
  );
}

/** `[B, heads, N, d]` → `[B, N, heads·d]`; the caller owns it. @throws ShapeError */
export function mergeHeads(x: tf.Tensor4D): tf.Tensor3D {
  assertFloats("mergeHeads", "x", x, ["B", "heads", "N", "d"]);
  const [batch, heads, tokens, size] = x.shape;
  return tf.tidy(() => x.transpose([0, 2, 1, 3]).reshape([batch, tokens, heads * size]));
}

/** `[N, M]`, 1 where m ≤ n. */
function lowerTriangle(scoreShape: readonly number[]): tf.Tensor {
  const [queries, keys] = scoreShape.slice(-2) as [number, number];
  return tf.linalg.bandPart(tf.ones([queries, keys]), -1, 0);
}

function assertMask(mask: tf.Tensor, scoreShape: readonly number[]): void {
  assertTensor("attention", "mask", mask);
  const leading = scoreShape.slice(0, scoreShape.length - mask.rank);
  const fits = [...leading, ...mask.shape].every(
    (size, axis) => size === 1 || size === scoreShape[axis],
  );
  if (mask.dtype === "bool" && mask.rank <= 4 && fits) return;
  throw new ShapeError(
    `attention: mask must be bool and broadcast to [${scoreShape.join(", ")}], ` +
      `got ${mask.dtype} [${mask.shape.join(", ")}].`,
  );
}
