import { withSlope } from "../core/elementwise";
import { assertDtype, assertReal } from "../core/guard";
import { sigmoid, tanh } from "../core/ops";
import { sigmoidGradient } from "../engine/gradients";
import { tf } from "../engine/tf";

/** An elementwise function between layers. The caller owns what it returns. */
export type Activation = <T extends tf.Tensor>(x: T) => T;

// Built only from ops with second derivatives (softplus, erf, expm1, those of core/ops, and relu and
// leakyRelu with the gradients of engine/gradients), so that a gradient penalty can be taken through
// any of them. At 0 the derivatives are PyTorch's.

/** max(x, 0). */
export function relu<T extends tf.Tensor>(x: T): T {
  assertDtype("relu", "x", x, "float32");
  return tf.relu(x);
}

/** x where x > 0, else `slope`·x. @see Maas, Hannun & Ng 2013 */
export function leakyRelu<T extends tf.Tensor>(x: T, slope = 0.2): T {
  assertDtype("leakyRelu", "x", x, "float32");
  assertReal("leakyRelu", "slope", slope);
  return tf.leakyRelu(x, slope);
}

/** x where x > 0, else e^x − 1. @see Clevert, Unterthiner & Hochreiter 2016, arXiv:1511.07289v5 */
export function elu<T extends tf.Tensor>(x: T): T {
  assertDtype("elu", "x", x, "float32");
  return tf.tidy(() => {
    const positive = tf.relu(x);
    const negative = x.sub(positive); // min(x, 0)
    return positive.add(tf.expm1(negative)) as T;
  });
}

/** x σ(x), also called swish. @see Hendrycks & Gimpel 2016, arXiv:1606.08415v5, §2 */
export function silu<T extends tf.Tensor>(x: T): T {
  assertDtype("silu", "x", x, "float32");
  return siluOp(x) as T;
}

/** Slope s + x s (1 − s), s = σ(x); y + s (1 − y), y = x s, is the same but cancels at large x. */
const siluOp = withSlope(
  (x) => x.mul(tf.sigmoid(x)),
  (x) => {
    const s = sigmoid(x);
    return s.add(sigmoidGradient(x, s));
  },
);

/** x Φ(x), exact. @see Hendrycks & Gimpel 2016, arXiv:1606.08415v5, §2 */
export function gelu<T extends tf.Tensor>(x: T): T {
  assertDtype("gelu", "x", x, "float32");
  return tf.tidy(() => {
    const phi = tf.erf(x.mul(Math.SQRT1_2)).add(1).mul(0.5); // Φ(x)
    return x.mul(phi) as T;
  });
}

/** The tanh approximation of `gelu`, as in GPT-2 and DiT. Largest error 5e-4. */
export function geluTanh<T extends tf.Tensor>(x: T): T {
  assertDtype("geluTanh", "x", x, "float32");
  return geluTanhOp(x) as T;
}

const [GELU_LINEAR, GELU_CUBIC] = [Math.sqrt(8 / Math.PI), Math.sqrt(8 / Math.PI) * 0.044715];

/** (1 + tanh u) / 2 = σ(2u), 2u = x (a + b x²): the same function in fewer passes. */
function geluTanhGate(x: tf.Tensor): tf.Tensor {
  return sigmoid(x.square().mul(GELU_CUBIC).add(GELU_LINEAR).mul(x));
}

/** Slope s + x s (1 − s) (a + 3 b x²). */
const geluTanhOp = withSlope(
  (x) => x.mul(geluTanhGate(x)),
  (x) => {
    const s = geluTanhGate(x);
    const inner = x
      .square()
      .mul(3 * GELU_CUBIC)
      .add(GELU_LINEAR);
    return s.add(sigmoidGradient(x, s).mul(inner));
  },
);

/** log(1 + e^x), finite for any x. */
export function softplus<T extends tf.Tensor>(x: T): T {
  assertDtype("softplus", "x", x, "float32");
  return tf.softplus(x);
}

/** log σ(x) = −softplus(−x), finite for any x. */
export function logSigmoid<T extends tf.Tensor>(x: T): T {
  assertDtype("logSigmoid", "x", x, "float32");
  return tf.tidy(() => tf.softplus(x.neg()).neg() as T);
}

export { sigmoid, tanh };
