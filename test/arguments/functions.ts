import { nn, tf } from "latentlab";

import { type Argument, count, given, number, record, sizes, tensor, word } from "./argument";
import { ELEMENTS } from "./core";
import { type Subject, takes } from "./subject";

const FACTOR = count(2);
const PICTURES = tensor([2, 4, 4, 3]);

/** Sizes that a factor of 2 divides. */
const EVEN_PICTURES: Argument = {
  ...PICTURES,
  faults: [
    ...PICTURES.faults,
    { what: "5 rows for a factor of 2", make: () => tf.zeros([2, 5, 4, 3]) },
    { what: "3 columns for a factor of 2", make: () => tf.zeros([2, 4, 3, 3]) },
  ],
};

const QUERY = tensor([2, 2, 3, 4], { fixed: [0, 1, 3] });
const KEY = tensor([2, 2, 5, 4], { fixed: [0, 1, 3] });
const VALUE = tensor([2, 2, 5, 6], { fixed: [0, 1, 2] });

/** Four features of each of two examples. */
const PER_EXAMPLE = tensor([2, 4], { fixed: [0, 1] });

/** Times of a batch: whole or real numbers. */
const TIMES: Argument = {
  ...tensor([3]),
  faults: tensor([3]).faults.filter(({ what }) => what !== "int32"),
};

const MASK: Argument = {
  valid: () => tf.ones([3, 5], "bool"),
  faults: [
    { what: "floats", make: () => tf.ones([3, 5]) },
    { what: "another size", make: () => tf.ones([3, 4], "bool") },
    { what: "five axes", make: () => tf.ones([1, 2, 2, 3, 5], "bool") },
    { what: "an array", make: () => [[true]] },
  ],
};

export const FUNCTIONS: Readonly<Record<string, Subject>> = {
  "nn.sigmoid": takes(nn.sigmoid, ELEMENTS),
  "nn.tanh": takes(nn.tanh, ELEMENTS),
  "nn.relu": takes(nn.relu, ELEMENTS),
  "nn.leakyRelu": takes(nn.leakyRelu, ELEMENTS, number(0.2)),
  "nn.elu": takes(nn.elu, ELEMENTS),
  "nn.silu": takes(nn.silu, ELEMENTS),
  "nn.gelu": takes(nn.gelu, ELEMENTS),
  "nn.geluTanh": takes(nn.geluTanh, ELEMENTS),
  "nn.softplus": takes(nn.softplus, ELEMENTS),
  "nn.logSigmoid": takes(nn.logSigmoid, ELEMENTS),
  "nn.modulate": takes(nn.modulate, tensor([2, 3, 4], { fixed: [0, 2] }), PER_EXAMPLE, PER_EXAMPLE),
  "nn.gatedResidual": takes(
    nn.gatedResidual,
    tensor([2, 3, 4], { fixed: [0, 2] }),
    record({ shift: PER_EXAMPLE, scale: PER_EXAMPLE, gate: PER_EXAMPLE }),
    given(() => ({ norm: (x: tf.Tensor3D) => x, branch: (x: tf.Tensor3D) => x })),
  ),
  "nn.attentionWeights": takes(nn.attentionWeights, QUERY, KEY, record({ mask: MASK })),
  "nn.attention": takes(nn.attention, QUERY, KEY, VALUE, record({ mask: MASK })),
  "nn.splitHeads": takes(nn.splitHeads, tensor([2, 3, 4]), count(2, { max: 4 })),
  "nn.mergeHeads": takes(nn.mergeHeads, tensor([2, 2, 3, 4])),
  "nn.patchify": takes(nn.patchify, EVEN_PICTURES, count(2, { max: 4 })),
  "nn.unpatchify": takes(
    nn.unpatchify,
    tensor([2, 6, 12], { fixed: [1] }),
    count(2, { max: 2 }),
    sizes(2, 3),
  ),
  "nn.upsampleNearest": takes(nn.upsampleNearest, PICTURES, FACTOR),
  "nn.upsampleBilinear": takes(nn.upsampleBilinear, PICTURES, FACTOR),
  "nn.averagePool": takes(nn.averagePool, EVEN_PICTURES, count(2, { max: 4 })),
  "nn.maxPool": takes(nn.maxPool, EVEN_PICTURES, count(2, { max: 4 })),
  "nn.sinusoidalEmbedding": takes(
    nn.sinusoidalEmbedding,
    TIMES,
    count(8, { min: 2 }),
    record({ maxPeriod: number(10_000, { min: 1 }), order: word("cos-sin") }),
  ),
  "nn.gridEmbedding": takes(nn.gridEmbedding, count(2), count(3), count(8, { min: 4 })),
};
