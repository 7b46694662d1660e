import { type core, nn, Rng, tf } from "latentlab";

import { ELEMENTS } from "./core";
import {
  type Argument,
  count,
  fixture,
  given,
  number,
  record,
  rng,
  sizes,
  tensor,
} from "./argument";
import { constructs, type Subject, takes } from "./subject";

/** `forward` of a layer that is made anew for each call. */
function forward<A extends unknown[]>(
  make: () => core.Disposable & { forward(...args: A): unknown },
  ...args: Subject["args"]
): Subject {
  type Layer = ReturnType<typeof make>;
  return takes((layer: Layer, ...values: A) => layer.forward(...values), fixture(make), ...args);
}

const PICTURES = tensor([2, 4, 4, 4], { fixed: [3] });
/** The same for layers that take any number of axes before the channels. */
const CHANNELS = tensor([2, 4, 4, 4], { fixed: [3], anyLeading: true });
const TOKENS = tensor([2, 3, 4], { fixed: [2] });
const KERNEL = { kernelSize: count(3), stride: count(1) };
const PADDING: Argument = {
  valid: () => "same",
  faults: ["", "SAME", -1, 0.5, NaN, null].map((bad) => ({
    what: String(bad),
    make: () => bad,
  })),
};
const EPSILON = record({ epsilon: number(1e-5, { min: 0, max: 1 }) });
/** Sizes of layers in a row, two at least. */
const SIZES: Argument = {
  ...sizes(4, 5, 2),
  faults: [...sizes(4, 5, 2).faults, { what: "one size", make: () => [4] }],
};
const newRng = (): Rng => new Rng(1);

/** What queries look at: the queries themselves where it is undefined. */
const CONTEXT_TENSOR = tensor([2, 5, 4], { fixed: [0, 2] });
const CONTEXT: Argument = {
  ...CONTEXT_TENSOR,
  faults: CONTEXT_TENSOR.faults.filter(({ what }) => what !== "undefined"),
};

const HEADS_OF_4: Argument = {
  ...count(2),
  faults: [...count(2).faults, { what: "heads that do not divide 4", make: () => 3 }],
};

export const LAYERS: Readonly<Record<string, Subject>> = {
  "nn.Dense": constructs(nn.Dense, count(3), count(2), rng),
  "nn.Dense.forward": forward(
    () => new nn.Dense(3, 2, newRng()),
    tensor([4, 3], { fixed: [1], anyLeading: true }),
  ),
  "nn.Mlp": constructs(nn.Mlp, SIZES, rng),
  "nn.Mlp.forward": forward(() => new nn.Mlp([4, 5, 2], newRng()), CHANNELS),
  "nn.Conv2d": constructs(
    nn.Conv2d,
    count(4),
    count(2),
    rng,
    record({ ...KERNEL, dilation: count(1), padding: PADDING }),
  ),
  "nn.Conv2d.forward": forward(() => new nn.Conv2d(4, 2, newRng()), PICTURES),
  "nn.ConvTranspose2d": constructs(
    nn.ConvTranspose2d,
    count(4),
    count(2),
    rng,
    record({ ...KERNEL, padding: PADDING }),
  ),
  "nn.ConvTranspose2d.forward": forward(
    () => new nn.ConvTranspose2d(4, 2, newRng(), { stride: 2 }),
    PICTURES,
    sizes(7, 8),
  ),
  "nn.GroupNorm": constructs(nn.GroupNorm, count(2, { max: 4 }), count(4), EPSILON),
  "nn.GroupNorm.forward": forward(() => new nn.GroupNorm(2, 4), CHANNELS),
  "nn.LayerNorm": constructs(nn.LayerNorm, count(4), EPSILON),
  "nn.LayerNorm.forward": forward(() => new nn.LayerNorm(4), CHANNELS),
  "nn.BatchNorm": constructs(
    nn.BatchNorm,
    count(4),
    record({ momentum: number(0.1, { min: 0, max: 1 }) }),
  ),
  "nn.BatchNorm.forward": forward(() => new nn.BatchNorm(4), CHANNELS),
  "nn.Dropout": constructs(nn.Dropout, number(0.5, { min: 0, max: 1 }), rng),
  "nn.Dropout.forward": forward(() => new nn.Dropout(0.5, newRng()), ELEMENTS),
  "nn.LabelEmbedding": constructs(nn.LabelEmbedding, count(10), count(4), rng),
  "nn.LabelEmbedding.forward": forward(
    () => new nn.LabelEmbedding(10, 4, newRng()),
    tensor([3], { dtype: "int32" }),
  ),
  "nn.AdaLnBlock": constructs(
    nn.AdaLnBlock,
    count(4),
    count(2, { max: 4 }),
    rng,
    record({ conditionSize: count(3), hiddenSize: count(5) }),
  ),
  "nn.AdaLnBlock.forward": forward(
    () => new nn.AdaLnBlock(4, 2, newRng(), { conditionSize: 3 }),
    tensor([2, 3, 4], { fixed: [0, 2] }),
    tensor([2, 3], { fixed: [0, 1] }),
  ),
  "nn.MultiHeadAttention": constructs(
    nn.MultiHeadAttention,
    count(4),
    count(2, { max: 4 }),
    rng,
    record({ contextSize: count(3) }),
  ),
  "nn.MultiHeadAttention.forward": forward(
    () => new nn.MultiHeadAttention(4, 2, newRng()),
    TOKENS,
    record({ context: CONTEXT }),
  ),
  "nn.TransformerBlock": constructs(nn.TransformerBlock, count(4), HEADS_OF_4, rng),
  "nn.TransformerBlock.forward": takes(
    (block: nn.TransformerBlock, x: never) => block.forward(x),
    fixture(() => new nn.TransformerBlock(4, 2, new Rng(1))),
    tensor([2, 3, 4], { fixed: [2] }),
  ),
  "nn.CrossAttention": constructs(nn.CrossAttention, count(4), count(6), HEADS_OF_4, rng),
  "nn.CrossAttention.forward": takes(
    (cross: nn.CrossAttention, ...inputs: [never, never]) => cross.forward(...inputs),
    fixture(() => new nn.CrossAttention(4, 6, 2, new Rng(1))),
    tensor([2, 3, 4], { fixed: [0, 2] }),
    record({
      tokens: tensor([2, 4, 6], { fixed: [0, 2] }),
      mask: given(() => tf.ones([2, 4], "bool")),
      pooled: tensor([2, 6], { fixed: [0, 1] }),
    }),
  ),
};
