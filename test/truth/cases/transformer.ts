import { nn, Rng, tf } from "latentlab";

import type { Inputs } from "../inputs";
import type { Mapping, Mappings, Output } from "../run";

/** A layer's first weights do not matter here: the case's are loaded. */
const rng = new Rng(0);

const attention: Mapping = (inputs) => {
  const q = inputs.tensor<tf.Tensor4D>("q");
  const k = inputs.tensor<tf.Tensor4D>("k");
  const v = inputs.tensor<tf.Tensor4D>("v");
  const upstream = inputs.tensor("upstream");
  const mask = inputs.tensor("key_mask", "bool");
  const queries = q.shape[2];
  const first = (x: tf.Tensor4D): tf.Tensor4D =>
    x.slice([0, 0, 0, 0], [x.shape[0], x.shape[1], queries, x.shape[3]]);
  const loss = (...[a, b, c]: tf.Tensor[]): tf.Scalar =>
    nn
      .attention(a as tf.Tensor4D, b as tf.Tensor4D, c as tf.Tensor4D)
      .mul(upstream)
      .sum();
  const [gradQ, gradK, gradV] = tf.grads(loss)([q, k, v]) as [tf.Tensor, tf.Tensor, tf.Tensor];
  return {
    out: nn.attention(q, k, v),
    out_masked: nn.attention(q, k, v, { mask }),
    out_causal_first5keys: nn.attention(q, first(k), first(v), { isCausal: true }),
    weights: nn.attentionWeights(q, k),
    grad_q: gradQ,
    grad_k: gradK,
    grad_v: gradV,
  };
};

function attentionWeights(inputs: Inputs, prefix = ""): nn.StateDict {
  return {
    [`${prefix}query.weight`]: inputs.tensor("w_q_io"),
    [`${prefix}query.bias`]: inputs.tensor("b_q"),
    [`${prefix}key.weight`]: inputs.tensor("w_k_io"),
    [`${prefix}key.bias`]: inputs.tensor("b_k"),
    [`${prefix}value.weight`]: inputs.tensor("w_v_io"),
    [`${prefix}value.bias`]: inputs.tensor("b_v"),
    [`${prefix}output.weight`]: inputs.tensor("w_out_io"),
    [`${prefix}output.bias`]: inputs.tensor("b_out"),
  };
}

function attentionLayer(inputs: Inputs): nn.MultiHeadAttention {
  const [size, contextSize] = [inputs.shape("w_q_io")[0]!, inputs.shape("w_k_io")[0]!];
  const layer = new nn.MultiHeadAttention(size, inputs.number("heads"), rng, { contextSize });
  layer.loadStateDict(attentionWeights(inputs));
  return layer;
}

const multiHeadAttention: Mapping = (inputs) => {
  const layer = attentionLayer(inputs);
  const x = inputs.tensor<tf.Tensor3D>("x");
  const context = inputs.tensor<tf.Tensor3D>("context");
  const heads = (y: tf.Tensor): tf.Tensor4D => nn.splitHeads(y, layer.numHeads);
  const weights = nn.attentionWeights(heads(layer.query.forward(x)), heads(layer.key.forward(x)));
  const outputs = {
    self_attention: layer.forward(x),
    cross_attention: layer.forward(x, { context }),
    mean_weights: weights.mean(1),
  };
  layer.dispose();
  return outputs;
};

const timestepEmbedding: Mapping = (inputs) => {
  const t = inputs.tensor<tf.Tensor1D>("t");
  const [size, maxPeriod] = [inputs.number("dim"), inputs.number("max_period")];
  const ddpm = { maxPeriod, order: "sin-cos", frequencyShift: 1 } as const;
  return {
    [`cos_sin_dim${size}`]: nn.sinusoidalEmbedding(t, size, { maxPeriod }),
    [`sin_cos_dim${size}`]: nn.sinusoidalEmbedding(t, size, ddpm),
    ddpm_sin_cos_shift1: nn.sinusoidalEmbedding(t, size, ddpm),
    [`cos_sin_shift0_dim${size - 1}_padded`]: nn.sinusoidalEmbedding(t, size - 1, { maxPeriod }),
  };
};

const patches: Mapping = (inputs) => {
  const x = inputs.tensor<tf.Tensor4D>("x_nhwc");
  const [, height, width] = x.shape;
  const patchSize = inputs.number("patch");
  const [, , inChannels, outChannels] = inputs.shape("w_hwio") as [number, number, number, number];
  const embed = new nn.Conv2d(inChannels, outChannels, rng, {
    kernelSize: patchSize,
    stride: patchSize,
    padding: "valid",
  });
  embed.loadStateDict({ weight: inputs.tensor("w_hwio"), bias: inputs.tensor("b") });
  const tokens = nn.patchify(x, patchSize);
  const outputs: Record<string, Output> = {
    tokens,
    unpatchified_nhwc: nn.unpatchify(tokens, patchSize, [height / patchSize, width / patchSize]),
    patch_embedding: embed.forward(x).reshape([x.shape[0], -1, outChannels]),
  };
  embed.dispose();
  return outputs;
};

const ditBlock: Mapping = (inputs) => {
  const x = inputs.tensor<tf.Tensor3D>("x");
  const condition = inputs.tensor<tf.Tensor2D>("c");
  const size = x.shape[2];
  const block = new nn.AdaLnBlock(size, inputs.number("heads"), rng, {
    conditionSize: condition.shape[1],
    hiddenSize: inputs.shape("w_fc1_io")[1]!,
  });
  const weights = (modulation: tf.Tensor, bias: tf.Tensor): nn.StateDict => ({
    "modulation.weight": modulation,
    "modulation.bias": bias,
    ...attentionWeights(inputs, "attention."),
    "dense0.weight": inputs.tensor("w_fc1_io"),
    "dense0.bias": inputs.tensor("b_fc1"),
    "dense1.weight": inputs.tensor("w_fc2_io"),
    "dense1.bias": inputs.tensor("b_fc2"),
  });
  const [weight, bias] = [inputs.tensor("w_mod_io"), inputs.tensor("b_mod")];
  block.loadStateDict(weights(weight, bias));
  const modulation = block.modulation.forward(nn.silu(condition));
  const [shift, scale, gate] = tf.split(modulation, 6, 1) as tf.Tensor2D[];
  const seen = nn.modulate(block.norm.forward(x), shift!, scale!);
  const outputs: Record<string, Output> = {
    modulation,
    modulated_input: seen,
    after_attention: x.add(block.attention.forward(seen).mul(gate!.expandDims(1))),
    out: block.forward(x, condition),
  };
  block.loadStateDict(weights(weight.zerosLike(), bias.zerosLike()));
  outputs["out_when_modulation_is_zero"] = block.forward(x, condition);
  block.dispose();
  return outputs;
};

export const transformer: Mappings = {
  "sdpa*": attention,
  "mha*": multiHeadAttention,
  "timestep-embedding*": timestepEmbedding,
  "pos-embed-2d*": (inputs) => {
    const grid = inputs.number("grid");
    return { pos_embed: nn.gridEmbedding(grid, grid, inputs.number("dim")) };
  },
  "patchify*": patches,
  "dit-block*": ditBlock,
};
