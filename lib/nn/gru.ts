import { assertFloats, assertInteger } from "../core/guard";
import { sigmoid, tanh } from "../core/ops";
import type { Rng } from "../core/random";
import { tf } from "../engine/tf";
import { Dense } from "./dense";
import { Module } from "./module";

export type GruOptions = {
  /** Read the sequence from its end to its start. */
  readonly isReversed?: boolean;
};

/**
 * A gated recurrent unit, unrolled over the sequence. It steps over padding: the state stays as it
 * was. Gates as in PyTorch.
 *
 * @see Cho et al. 2014, arXiv:1406.1078v3, §2.3
 */
export class Gru extends Module {
  /** To the gates r, u and the candidate n, `[in, 3·hidden]`. */
  private readonly input: Dense;
  private readonly state: Dense;
  private readonly isReversed: boolean;

  /** @throws ValueError */
  constructor(
    readonly inFeatures: number,
    readonly hiddenSize: number,
    rng: Rng,
    { isReversed = false }: GruOptions = {},
  ) {
    super();
    assertInteger("Gru", "inFeatures", inFeatures);
    assertInteger("Gru", "hiddenSize", hiddenSize);
    this.isReversed = isReversed;
    this.input = new Dense(inFeatures, 3 * hiddenSize, rng);
    this.state = new Dense(hiddenSize, 3 * hiddenSize, rng);
  }

  /**
   * @param x `[B, T, in]`
   * @param mask 1 for what is read, 0 for padding, `[B, T]`, float32
   * @returns the state after each position, `[B, T, hidden]`; the caller owns it. The last one
   *   read is at T − 1, or at 0 if reversed
   * @throws ShapeError
   */
  forward(x: tf.Tensor3D, mask: tf.Tensor2D): tf.Tensor3D {
    assertFloats("Gru", "x", x, ["B", "T", this.inFeatures]);
    const [batch, length] = x.shape;
    assertFloats("Gru", "mask", mask, [batch, length]);
    return tf.tidy(() => {
      const inputs = tf.unstack(this.input.forward(x), 1); // T of (B, 3H)
      const isRead = tf.unstack(mask.expandDims(2), 1); // T of (B, 1)
      const states: tf.Tensor[] = new Array(length);
      let h: tf.Tensor = tf.zeros([batch, this.hiddenSize]);
      for (let i = 0; i < length; i++) {
        const t = this.isReversed ? length - 1 - i : i;
        const moved = this.step(inputs[t] as tf.Tensor, h);
        h = h.add(moved.sub(h).mul(isRead[t] as tf.Tensor));
        states[t] = h;
      }
      return tf.stack(states, 1) as tf.Tensor3D;
    });
  }

  private step(input: tf.Tensor, h: tf.Tensor): tf.Tensor {
    const [inputR, inputU, inputN] = tf.split(input, 3, 1) as [tf.Tensor, tf.Tensor, tf.Tensor];
    const gates = tf.split(this.state.forward(h), 3, 1) as [tf.Tensor, tf.Tensor, tf.Tensor];
    const reset = sigmoid(inputR.add(gates[0]));
    const update = sigmoid(inputU.add(gates[1]));
    const candidate = tanh(inputN.add(reset.mul(gates[2])));
    return candidate.add(update.mul(h.sub(candidate))); // (1 − u) n + u h
  }
}
