import { assertInRange } from "../core/guard";
import { tf } from "../engine/tf";
import type { ActiveTrace } from "../engine/tracing";
import type { NamedParameters } from "./gradients";
import { Optimizer, type StepNumbers, type UpdateRule } from "./optimizer";

export type AdamOptions = {
  readonly learningRate?: number;
  /** Decay of the mean gradient m. DCGAN takes 0.5. */
  readonly beta1?: number;
  /** Decay of the mean squared gradient v. */
  readonly beta2?: number;
  readonly epsilon?: number;
};

export type AdamWOptions = AdamOptions & {
  /** λ: each step first shrinks the weights by the factor 1 − learningRate·λ. */
  readonly weightDecay?: number;
};

function adamRule(name: string, options: AdamWOptions): UpdateRule<"m" | "v"> {
  const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weightDecay = 0 } = options;
  assertInRange(name, "beta1", beta1, [0, 1 - Number.EPSILON]);
  assertInRange(name, "beta2", beta2, [0, 1 - Number.EPSILON]);
  assertInRange(name, "epsilon", epsilon, [0, 1]);
  assertInRange(name, "weightDecay", weightDecay, [0, Number.MAX_VALUE]);
  return {
    name,
    slots: ["m", "v"],
    update({ parameter, slots }, gradient, { learningRate, step }) {
      const m = slots.m.mul(beta1).add(gradient.mul(1 - beta1));
      const v = slots.v.mul(beta2).add(gradient.square().mul(1 - beta2));
      const mHat = m.div(tf.sub(1, tf.pow(beta1, step)));
      const vHat = v.div(tf.sub(1, tf.pow(beta2, step)));
      const change = mHat.div(vHat.sqrt().add(epsilon)).mul(learningRate);
      const shrunk = parameter.sub(parameter.mul(learningRate.mul(weightDecay)));
      return { parameter: (weightDecay === 0 ? parameter : shrunk).sub(change), slots: { m, v } };
    },
    updateInPlace: adamInPlace({ beta1, beta2, epsilon, weightDecay }),
  };
}

/**
 * TensorFlow's fused op computes parameter − learningRate·c·m / (√v + ε′) with
 * c = √(1 − β₂ᵗ) / (1 − β₁ᵗ). This is Adam if ε′ = ε·√(1 − β₂ᵗ).
 */
function adamInPlace(options: Required<Omit<AdamWOptions, "learningRate">>) {
  const { beta1, beta2, epsilon, weightDecay } = options;
  return (
    trace: ActiveTrace,
    { parameter, m, v }: Readonly<Record<"parameter" | "m" | "v", tf.Variable>>,
    gradient: tf.Tensor,
    { learningRate, step }: StepNumbers,
  ): void => {
    if (weightDecay !== 0) {
      const kept = tf.sub(1, learningRate.mul(weightDecay));
      trace.update("AssignVariableOp", [parameter], [parameter.mul(kept)]);
    }
    const [power1, power2] = [tf.pow(beta1, step), tf.pow(beta2, step)];
    const correctedEpsilon = tf.sub(1, power2).sqrt().mul(epsilon);
    const numbers = [power1, power2, learningRate, tf.scalar(beta1), tf.scalar(beta2)];
    const inputs = [...numbers, correctedEpsilon, gradient];
    trace.update("ResourceApplyAdam", [parameter, m, v], inputs);
  };
}

/**
 * Adam: m̂ / (√v̂ + ε), with m and v corrected for their start at zero.
 *
 * @see Kingma & Ba 2015, arXiv:1412.6980v9, algorithm 1
 */
export function adam(parameters: NamedParameters, options: AdamOptions = {}): Optimizer {
  const { learningRate = 1e-3, beta1, beta2, epsilon } = options;
  return new Optimizer(parameters, adamRule("adam", { beta1, beta2, epsilon }), learningRate);
}

/**
 * Adam with decoupled weight decay: the decay does not pass through m and v.
 *
 * @see Loshchilov & Hutter 2019, arXiv:1711.05101v3, algorithm 2, in PyTorch's form λ·learningRate
 */
export function adamW(parameters: NamedParameters, options: AdamWOptions = {}): Optimizer {
  const { learningRate = 1e-3, weightDecay = 0.01 } = options;
  return new Optimizer(parameters, adamRule("adamW", { ...options, weightDecay }), learningRate);
}

export type SgdOptions = {
  readonly learningRate?: number;
  readonly momentum?: number;
  /** Look ahead: step along gradient + momentum·velocity. */
  readonly nesterov?: boolean;
};

/**
 * Gradient descent with momentum, velocity ← momentum·velocity + gradient, as PyTorch's SGD.
 *
 * @see Sutskever et al. 2013, "On the importance of initialization and momentum in deep learning"
 */
export function sgd(parameters: NamedParameters, options: SgdOptions = {}): Optimizer {
  const { learningRate = 1e-2, momentum = 0, nesterov = false } = options;
  assertInRange("sgd", "momentum", momentum, [0, 1]);
  const rule: UpdateRule<"velocity"> = {
    name: "sgd",
    slots: ["velocity"],
    update({ parameter, slots }, gradient, { learningRate: rate }) {
      const velocity = slots.velocity.mul(momentum).add(gradient);
      const direction = nesterov ? gradient.add(velocity.mul(momentum)) : velocity;
      return { parameter: parameter.sub(direction.mul(rate)), slots: { velocity } };
    },
  };
  return new Optimizer(parameters, rule, learningRate);
}

export type RmspropOptions = {
  readonly learningRate?: number;
  /** Decay of the mean squared gradient v. */
  readonly alpha?: number;
  readonly epsilon?: number;
};

/** RMSprop: gradient / (√v + ε), as PyTorch's. @see Tieleman & Hinton 2012, lecture 6.5 */
export function rmsprop(parameters: NamedParameters, options: RmspropOptions = {}): Optimizer {
  const { learningRate = 1e-2, alpha = 0.99, epsilon = 1e-8 } = options;
  assertInRange("rmsprop", "alpha", alpha, [0, 1 - Number.EPSILON]);
  assertInRange("rmsprop", "epsilon", epsilon, [0, 1]);
  const rule: UpdateRule<"v"> = {
    name: "rmsprop",
    slots: ["v"],
    update({ parameter, slots }, gradient, { learningRate: rate }) {
      const v = slots.v.mul(alpha).add(gradient.square().mul(1 - alpha));
      const change = gradient.div(v.sqrt().add(epsilon)).mul(rate);
      return { parameter: parameter.sub(change), slots: { v } };
    },
  };
  return new Optimizer(parameters, rule, learningRate);
}
