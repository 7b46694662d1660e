import { ValueError } from "../core/errors";
import { assertSizes } from "../core/guard";
import type { Rng } from "../core/random";
import { tf } from "../engine/tf";
import { type Activation, silu } from "./activations";
import { Dense, type DenseOptions } from "./dense";
import { Module } from "./module";

/** What can stand in a row: a layer with one input, or a function such as `relu`. */
export type Layer = (Module & { forward(x: tf.Tensor): tf.Tensor }) | ((x: tf.Tensor) => tf.Tensor);

/**
 * Layers one after another.
 *
 * @example
 * const down = new Sequential([new Conv2d(1, 32, rng, { stride: 2 }), new GroupNorm(8, 32), silu]);
 */
export class Sequential extends Module {
  readonly layers: readonly Layer[];

  /** @throws ValueError if there is no layer, or something else among them */
  constructor(layers: readonly Layer[]) {
    super();
    if (layers.length === 0) throw new ValueError("Sequential: there must be at least one layer.");
    layers.forEach((layer, i) => {
      if (layer instanceof Module || typeof layer === "function") return;
      throw new ValueError(`Sequential: layer ${i} must be a module or a function.`);
    });
    this.layers = [...layers];
  }

  /** @returns the last layer's output; the caller owns it */
  forward(x: tf.Tensor): tf.Tensor {
    return tf.tidy(() =>
      this.layers.reduce(
        (value, layer) => (layer instanceof Module ? layer.forward(value) : layer(value)),
        x,
      ),
    );
  }
}

export type MlpOptions = DenseOptions & {
  /** Between the layers, not after the last; `silu` unless told. */
  readonly activation?: Activation;
};

/** Dense layers with an activation between them. */
export class Mlp extends Module {
  readonly layers: readonly Dense[];
  private readonly activation: Activation;

  /**
   * @param sizes features in, of each hidden layer, and out: at least two
   * @throws ValueError
   */
  constructor(
    sizes: readonly number[],
    rng: Rng,
    { activation = silu, ...dense }: MlpOptions = {},
  ) {
    super();
    assertSizes("Mlp", "sizes", sizes);
    if (sizes.length < 2) {
      throw new ValueError(`Mlp: sizes must be two at least, got [${sizes.join(", ")}].`);
    }
    this.activation = activation;
    this.layers = sizes.slice(1).map((size, i) => new Dense(sizes[i] as number, size, rng, dense));
  }

  /**
   * @param x `[..., in]`
   * @returns `[..., out]`; the caller owns it
   * @throws ShapeError
   */
  forward(x: tf.Tensor): tf.Tensor {
    const [first, ...others] = this.layers as [Dense, ...Dense[]];
    return tf.tidy(() =>
      others.reduce((hidden, layer) => layer.forward(this.activation(hidden)), first.forward(x)),
    );
  }
}
