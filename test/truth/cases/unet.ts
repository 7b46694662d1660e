import { core, models, nn, Rng, tf } from "latentlab";

import type { Inputs } from "../inputs";
import type { Mapping, Mappings } from "../run";

/** A layer's first weights do not matter here: the case's are loaded. */
const rng = new Rng(0);

/** The case's tensors by our names: `{ "conv0.weight": "res.conv1.weight_hwio" }`. */
function weights(inputs: Inputs, names: Readonly<Record<string, string>>): nn.StateDict {
  return Object.fromEntries(
    Object.entries(names).map(([ours, theirs]) => [ours, inputs.tensor(theirs)]),
  );
}

function resBlock(inputs: Inputs): models.ResBlock {
  const [timeSize, outChannels] = inputs.shape("res.time_emb_proj.weight_io") as [number, number];
  const inChannels = inputs.shape("res.norm1.weight")[0]!;
  const block = new models.ResBlock(
    inChannels,
    outChannels,
    { timeSize, numGroups: inputs.number("groups"), epsilon: inputs.number("eps") },
    rng,
  );
  const skip = {
    "skip.weight": "res.conv_shortcut.weight_hwio",
    "skip.bias": "res.conv_shortcut.bias",
  };
  const names = {
    "norm0.weight": "res.norm1.weight",
    "norm0.bias": "res.norm1.bias",
    "conv0.weight": "res.conv1.weight_hwio",
    "conv0.bias": "res.conv1.bias",
    "time.weight": "res.time_emb_proj.weight_io",
    "time.bias": "res.time_emb_proj.bias",
    "norm1.weight": "res.norm2.weight",
    "norm1.bias": "res.norm2.bias",
    "conv1.weight": "res.conv2.weight_hwio",
    "conv1.bias": "res.conv2.bias",
    ...(block.skip === undefined ? {} : skip),
  };
  block.loadStateDict(weights(inputs, names));
  return block;
}

function pixelAttention(inputs: Inputs): models.PixelAttention {
  const channels = inputs.shape("attn.group_norm.weight")[0]!;
  const norm = { numGroups: inputs.number("groups"), epsilon: inputs.number("eps") };
  const block = new models.PixelAttention(channels, inputs.number("heads"), norm, rng);
  const joined = (kind: string, axis: number): tf.Tensor =>
    tf.concat(
      ["q", "k", "v"].map((part) => inputs.tensor(`attn.to_${part}.${kind}`)),
      axis,
    );
  block.loadStateDict({
    ...weights(inputs, {
      "norm.weight": "attn.group_norm.weight",
      "norm.bias": "attn.group_norm.bias",
      "projection.weight": "attn.to_out.0.weight_io",
      "projection.bias": "attn.to_out.0.bias",
    }),
    "qkv.weight": joined("weight_io", 1),
    "qkv.bias": joined("bias", 0),
  });
  return block;
}

function convolution(inputs: Inputs, name: string, options: nn.Conv2dOptions): nn.Conv2d {
  const [, , inChannels, outChannels] = inputs.shape(`${name}.weight_hwio`) as number[];
  const layer = new nn.Conv2d(inChannels!, outChannels!, rng, options);
  layer.loadStateDict(weights(inputs, { weight: `${name}.weight_hwio`, bias: `${name}.bias` }));
  return layer;
}

const block: Mapping = (inputs) => {
  const scope = new core.Scope();
  const res = scope.own(resBlock(inputs));
  const attend = scope.own(pixelAttention(inputs));
  const down = scope.own(convolution(inputs, "down.Conv2d_0", { stride: 2, padding: 1 }));
  const up = scope.own(convolution(inputs, "up.conv", {}));
  const timeFeatures = nn.silu(inputs.tensor<tf.Tensor2D>("time_embedding"));
  const stages = (x: tf.Tensor4D): Record<string, tf.Tensor4D> => {
    const afterRes = res.forward(x, timeFeatures);
    const afterAttention = attend.forward(afterRes);
    const afterDown = down.forward(afterAttention);
    return {
      after_resnet_nhwc: afterRes,
      after_attention_nhwc: afterAttention,
      after_down_nhwc: afterDown,
      after_up_nhwc: up.forward(nn.upsampleNearest(afterDown)),
    };
  };
  const x = inputs.tensor<tf.Tensor4D>("x_nhwc");
  const upstream = inputs.tensor("upstream_nhwc");
  const loss = (at: tf.Tensor): tf.Scalar =>
    stages(at as tf.Tensor4D)
      ["after_up_nhwc"]!.mul(upstream)
      .sum();
  const outputs = { ...stages(x), grad_x_nhwc: tf.grad(loss)(x) };
  scope.dispose();
  return outputs;
};

export const unetBlock: Mappings = { "block*": block };
