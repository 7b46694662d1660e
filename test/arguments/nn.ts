import { nn, Rng, tf } from "latentlab";

import { type Argument, given, number, rng, sizes } from "./argument";
import { FUNCTIONS } from "./functions";
import { LAYERS } from "./layers";
import { type Subject, takes } from "./subject";

const VARIABLES = given(() => new Map([["weight", nn.parameter([2], nn.zeros, new Rng(1))]]));

const STATE: Argument = {
  valid: () => ({ weight: tf.ones([2]) }),
  faults: [
    { what: "another shape", make: (draw) => ({ weight: tf.ones([draw(3, 9)]) }) },
    { what: "another rank", make: () => ({ weight: tf.ones([2, 1]) }) },
    { what: "another dtype", make: () => ({ weight: tf.ones([2], "int32") }) },
    { what: "another name", make: () => ({ bias: tf.ones([2]) }) },
    { what: "a name more", make: () => ({ weight: tf.ones([2]), bias: tf.ones([2]) }) },
    { what: "nothing", make: () => ({}) },
    { what: "a list for a tensor", make: () => ({ weight: [1, 2] }) },
  ],
};

export const NN: Readonly<Record<string, Subject>> = {
  ...FUNCTIONS,
  ...LAYERS,
  "nn.assignState": takes(
    nn.assignState,
    VARIABLES,
    STATE,
    given(() => "model"),
  ),
  "nn.fans": takes(nn.fans, sizes(3, 3, 4, 8)),
  "nn.xavierUniform": takes(nn.xavierUniform, sizes(2, 3), rng),
  "nn.heNormal": takes(nn.heNormal, sizes(2, 3), rng),
  "nn.normal": takes(nn.normal, number(0.02, { min: 0 })),
  "nn.zeros": takes(nn.zeros, sizes(2, 3), rng),
  "nn.ones": takes(nn.ones, sizes(2, 3), rng),
  "nn.constantParameter": takes(nn.constantParameter, sizes(2, 3), number(1)),
  "nn.buffer": takes(nn.buffer, sizes(2, 3), number(1)),
  "nn.parameter": takes(
    nn.parameter,
    sizes(2, 3),
    given(() => nn.zeros),
    rng,
  ),
};
