import { ShapeError } from "../core/errors";
import { assertDtype, assertInRange, assertInteger, assertShape } from "../core/guard";
import { releaseTape } from "../engine/tape";
import { tf } from "../engine/tf";

/** Trainable variables by path, as `module.namedParameters()` gives them. */
export type NamedParameters = ReadonlyMap<string, tf.Variable>;
/** Gradients by the path of their parameter. A parameter the loss does not reach has none. */
export type Gradients = ReadonlyMap<string, tf.Tensor>;

/** A loss together with the named parts worth reporting, e.g. `reconstruction` and `kl`. */
export type LossParts = Readonly<{ loss: tf.Scalar } & Record<string, tf.Scalar>>;

/** What one backward pass gives; the caller owns the tensors. */
export interface LossAndGradients {
  /** Names of the parts, in the order of `values`. */
  readonly names: readonly string[];
  /** Each part's value, `[P]`. */
  readonly values: tf.Tensor1D;
  readonly gradients: Gradients;
}

/**
 * Evaluate a loss and its gradient by every parameter. Leaves no tensor behind if `loss` throws.
 *
 * @param loss makes the loss, shape `[]`, from the parameters; may return named parts beside it
 * @throws ShapeError if the loss or a part is not a scalar, or if the loss reaches no parameter
 */
export function lossAndGradients(
  parameters: NamedParameters,
  loss: () => tf.Scalar | LossParts,
): LossAndGradients {
  let names: string[] = [];
  let values: tf.Tensor | undefined;
  try {
    const { value, grads } = tf.variableGrads(() => {
      const result = loss();
      const parts: LossParts = result instanceof tf.Tensor ? { loss: result } : result;
      names = Object.keys(parts);
      for (const [name, part] of Object.entries(parts)) assertShape("loss", name, part, []);
      values = tf.keep(tf.stack(Object.values(parts)));
      return parts.loss;
    }, [...parameters.values()]);
    value.dispose();
    const gradients = new Map<string, tf.Tensor>();
    for (const [path, { name }] of parameters) {
      const gradient = grads[name];
      if (gradient) gradients.set(path, gradient);
    }
    return { names, values: values as tf.Tensor1D, gradients };
  } catch (error) {
    values?.dispose();
    releaseTape();
    throw withoutPath(error) ?? error;
  }
}

/** tfjs's message for a loss that reaches no parameter, in our words. */
function withoutPath(error: unknown): ShapeError | undefined {
  if (!(error instanceof Error && error.message.startsWith("Cannot find a connection")))
    return undefined;
  return new ShapeError(
    "The loss does not depend on any parameter of the model.",
    "Compute it from the model's output inside the loss function.",
    { cause: error },
  );
}

/** ‖g‖₂ over all gradients together, shape `[]`; the caller owns it. */
export function globalNorm(gradients: Gradients): tf.Scalar {
  assertInteger("globalNorm", "the number of gradients", gradients.size);
  return tf.tidy(() => {
    const squares = [...gradients.values()].map((gradient) => gradient.square().sum());
    return tf.addN(squares).sqrt().asScalar();
  });
}

/**
 * Scale all gradients by one factor so that their global norm is at most `maxNorm`:
 * g ← g · min(1, maxNorm / (‖g‖ + 10⁻⁶)), as PyTorch's `clip_grad_norm_`.
 *
 * @param norm ‖g‖₂ of `gradients`, from `globalNorm`
 * @returns new gradients; the caller owns them
 * @see Pascanu, Mikolov & Bengio 2013, arXiv:1211.5063v2, algorithm 1
 */
export function clipByGlobalNorm(
  gradients: Gradients,
  norm: tf.Scalar,
  maxNorm: number,
): Gradients {
  assertInRange("clipByGlobalNorm", "maxNorm", maxNorm, [Number.MIN_VALUE, Number.MAX_VALUE]);
  assertShape("clipByGlobalNorm", "norm", norm, []);
  assertDtype("clipByGlobalNorm", "norm", norm, "float32");
  const factor = tf.tidy(() => tf.minimum(1, tf.div(maxNorm, norm.add(1e-6))));
  const clipped = new Map<string, tf.Tensor>();
  for (const [name, gradient] of gradients) clipped.set(name, gradient.mul(factor));
  factor.dispose();
  return clipped;
}
