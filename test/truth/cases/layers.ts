import { core, nn, Rng, tf } from "latentlab";

import type { Inputs } from "../inputs";
import type { Mapping, Mappings, Output } from "../run";

type Outputs = Record<string, Output>;

/** A layer's first weights do not matter here: the case's are loaded. */
const rng = new Rng(0);

/** Build a module, use it and free it; the outputs stay. */
function using<M extends nn.Module>(module: M, use: (module: M) => Outputs): Outputs {
  try {
    return use(module);
  } finally {
    module.dispose();
  }
}

/** The gradients of Σ y·upstream. */
function gradients(
  y: (x: tf.Tensor4D) => tf.Tensor,
  x: tf.Tensor4D,
  { parameters, upstream }: { parameters: tf.Variable[]; upstream: tf.Tensor },
): tf.Tensor[] {
  const variable = tf.variable(x);
  const loss = (): tf.Scalar =>
    y(variable as never)
      .mul(upstream)
      .sum();
  const { grads } = tf.variableGrads(loss, [variable, ...parameters]);
  variable.dispose();
  return [variable, ...parameters].map(({ name }) => grads[name] as tf.Tensor);
}

function number(inputs: Inputs, name: string, otherwise: number): number {
  return inputs.has(name) ? inputs.number(name) : otherwise;
}

/** "same" unless the case says a number: cases without stride have stride 1. */
function padding(inputs: Inputs): nn.Padding {
  if (!inputs.has("padding")) return "same";
  try {
    return inputs.number("padding");
  } catch {
    return inputs.text("padding") as nn.Padding;
  }
}

function layerOutputs(layer: nn.Conv2d | nn.ConvTranspose2d, weight: string): Mapping {
  return (inputs) =>
    using(layer, () => {
      layer.loadStateDict({ weight: inputs.tensor(weight), bias: inputs.tensor("b") });
      const x = inputs.tensor<tf.Tensor4D>("x_nhwc");
      const [gradX, gradWeight, gradBias] = gradients((value) => layer.forward(value), x, {
        parameters: layer.parameters(),
        upstream: inputs.tensor("upstream_nhwc"),
      }) as [tf.Tensor, tf.Tensor, tf.Tensor];
      return {
        y_nhwc: layer.forward(x),
        grad_x_nhwc: gradX,
        [`grad_${weight}`]: gradWeight,
        grad_b: gradBias,
      };
    });
}

const convolution: Mapping = (inputs) => {
  const [kernelSize, , inChannels, outChannels] = inputs.shape("w_hwio") as number[];
  const layer = new nn.Conv2d(inChannels!, outChannels!, rng, {
    kernelSize: kernelSize!,
    stride: number(inputs, "stride", 1),
    dilation: number(inputs, "dilation", 1),
    padding: padding(inputs),
  });
  return layerOutputs(layer, "w_hwio")(inputs);
};

const transposedConvolution: Mapping = (inputs) => {
  const [kernelSize, , outChannels, inChannels] = inputs.shape("w_tfjs_hwoi") as number[];
  const layer = new nn.ConvTranspose2d(inChannels!, outChannels!, rng, {
    kernelSize: kernelSize!,
    stride: number(inputs, "stride", 1),
    padding: padding(inputs),
  });
  return layerOutputs(layer, "w_tfjs_hwoi")(inputs);
};

function groupNorm(inputs: Inputs): Outputs {
  const channels = inputs.shape("gamma")[0]!;
  const norm = new nn.GroupNorm(inputs.number("groups"), channels, options(inputs));
  return using(norm, () => {
    norm.loadStateDict(affine(inputs));
    const x = inputs.tensor<tf.Tensor4D>("x_nhwc");
    const [gradX, gradGamma, gradBeta] = gradients((value) => norm.forward(value), x, {
      parameters: norm.parameters(),
      upstream: inputs.tensor("upstream_nhwc"),
    }) as [tf.Tensor, tf.Tensor, tf.Tensor];
    return {
      group_norm_nhwc: norm.forward(x),
      group_norm_grad_x_nhwc: gradX,
      group_norm_grad_gamma: gradGamma,
      group_norm_grad_beta: gradBeta,
    };
  });
}

function batchNorm(inputs: Inputs): Outputs {
  const norm = new nn.BatchNorm(inputs.shape("gamma")[0]!, {
    ...options(inputs),
    momentum: inputs.number("momentum"),
  });
  return using(norm, () => {
    const { runningMean, runningVariance } = norm;
    norm.loadStateDict({ ...affine(inputs), runningMean, runningVariance });
    const x = inputs.tensor("x_nhwc");
    return {
      batch_norm_train_nhwc: norm.forward(x),
      running_mean: runningMean.clone(),
      running_var: runningVariance.clone(),
      batch_norm_eval_nhwc: norm.setTraining(false).forward(x),
    };
  });
}

function options(inputs: Inputs): nn.NormOptions {
  return { epsilon: inputs.number("eps") };
}

function affine(inputs: Inputs): nn.StateDict {
  return { weight: inputs.tensor("gamma"), bias: inputs.tensor("beta") };
}

const norms: Mapping = (inputs) => {
  const channels = inputs.shape("gamma")[0]!;
  const x = inputs.tensor("x_nhwc");
  const instance = new nn.GroupNorm(channels, channels, options(inputs));
  const layer = new nn.LayerNorm(channels, options(inputs));
  const plain = new nn.LayerNorm(channels, { epsilon: 1e-6, isAffine: false });
  return {
    ...groupNorm(inputs),
    ...batchNorm(inputs),
    layer_norm_eps_1e6_no_affine_nhwc: plain.forward(x),
    ...using(instance, () => {
      instance.loadStateDict(affine(inputs));
      return { instance_norm_nhwc: instance.forward(x) };
    }),
    ...using(layer, () => {
      layer.loadStateDict(affine(inputs));
      return { layer_norm_over_channels_nhwc: layer.forward(x) };
    }),
  };
};

const ACTIVATIONS: Readonly<Record<string, (x: tf.Tensor) => tf.Tensor>> = {
  silu: nn.silu,
  gelu_erf: nn.gelu,
  gelu_tanh: nn.geluTanh,
  softplus: nn.softplus,
  log_sigmoid: nn.logSigmoid,
  sigmoid: nn.sigmoid,
  tanh: nn.tanh,
  leaky_relu_0_2: (x) => nn.leakyRelu(x, 0.2),
  elu: nn.elu,
  relu: nn.relu,
};

const activations: Mapping = (inputs) => {
  const x = inputs.tensor("x");
  return Object.fromEntries(
    Object.entries(ACTIVATIONS).flatMap(([name, f]) => [
      [name, f(x)],
      [`grad_${name}`, tf.grad((value: tf.Tensor) => f(value).sum())(x)],
    ]),
  );
};

const resampling: Mapping = (inputs) => {
  const x = inputs.tensor<tf.Tensor4D>("x_nhwc");
  return {
    nearest_2x_nhwc: nn.upsampleNearest(x, 2),
    bilinear_2x_half_pixel_nhwc: nn.upsampleBilinear(x, 2),
    bilinear_2x_align_corners_nhwc: nn.upsampleBilinear(x, 2, { alignCorners: true }),
    avg_pool_2_nhwc: nn.averagePool(x, 2),
    max_pool_2_nhwc: nn.maxPool(x, 2),
  };
};

const softmax: Mapping = (inputs) => {
  const logits = inputs.tensor("logits");
  const [rows, classes] = inputs.shape("logits") as [number, number];
  const logProbability = core.logSoftmax(logits);
  const isLabel = tf.oneHot(inputs.tensor<tf.Tensor1D>("labels", "int32"), classes);
  return {
    softmax: core.softmax(logits),
    log_softmax: logProbability,
    logsumexp: core.logSumExp(logits),
    cross_entropy: logProbability.mul(isLabel).sum().div(-rows),
  };
};

export const layers: Mappings = {
  "convT*": transposedConvolution,
  "conv*": convolution,
  "resample*": resampling,
  "norms*": norms,
  "activations*": activations,
  "softmax-logsumexp*": softmax,
};
