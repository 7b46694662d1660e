import { assertInteger, assertLastAxis } from "../core/guard";
import type { Rng } from "../core/random";
import { tf } from "../engine/tf";
import { type Initializer, parameter, xavierUniform, zeros } from "./init";
import { Module } from "./module";
import { mapped, type MappedWeight, type WeightMap } from "./weight-map";

export type DenseOptions = {
  readonly useBias?: boolean;
  readonly weightInit?: Initializer;
  /** What makes the weight in use of the stored one, e.g. `spectralNorm()`. */
  readonly weightMap?: WeightMap;
};

/** y = x W + b over the last axis. `weight` is `[in, out]`, `bias` is `[out]`. */
export class Dense extends Module {
  readonly weight: tf.Variable;
  readonly bias: tf.Variable | undefined;
  private readonly weightMap: MappedWeight | undefined;

  /** @throws ValueError if a size is not a whole number of at least 1 */
  constructor(
    readonly inFeatures: number,
    readonly outFeatures: number,
    rng: Rng,
    { useBias = true, weightInit = xavierUniform, weightMap }: DenseOptions = {},
  ) {
    super();
    assertInteger("Dense", "inFeatures", inFeatures);
    assertInteger("Dense", "outFeatures", outFeatures);
    this.weight = parameter([inFeatures, outFeatures], weightInit, rng);
    this.bias = useBias ? parameter([outFeatures], zeros, rng) : undefined;
    this.weightMap = weightMap?.(this.weight.shape, rng);
  }

  /**
   * @param x `[..., in]`
   * @returns `[..., out]`; the caller owns it
   * @throws ShapeError if the last axis is not `inFeatures`, or x is empty or not float32
   */
  forward(x: tf.Tensor): tf.Tensor {
    assertLastAxis("Dense", x, this.inFeatures);
    const leading = x.shape.slice(0, -1);
    return tf.tidy(() => {
      const rows = x.reshape([-1, this.inFeatures]); // (N, in)
      const y = rows.matMul(mapped(this.weight, this.weightMap) as tf.Tensor2D); // (N, out)
      const biased = this.bias === undefined ? y : y.add(this.bias); // (N, out)
      return biased.reshape([...leading, this.outFeatures]);
    });
  }
}
