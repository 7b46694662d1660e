import { tf, viz } from "latentlab";

import { type Argument, count, type Draw, given, number, record, tensor } from "./argument";
import { constructs, type Subject, takes } from "./subject";

const TITLES = {
  title: given(() => "test"),
  x: given(() => "x"),
  y: given(() => "y"),
  height: number(300, { min: 1, max: 10_000 }),
};

/** Three numbers, as many as their partner has. */
const THREE: Argument = {
  valid: () => [1, 2, 3],
  faults: [
    { what: "one number less", make: () => [1, 2] },
    { what: "numbers in a text", make: () => "123" },
  ],
};

const lists = (field: string, item: Argument): Readonly<Record<string, Argument>> => ({
  [field]: {
    valid: () => [item.valid()],
    faults: item.faults.map(({ what, make }) => ({ what, make: (draw) => [make(draw)] })),
  },
});

const NAME = given(() => "a");
const CURVE = record({ name: NAME, x: THREE, y: THREE, plusMinus: THREE });
const GROUP = record({ name: NAME, x: THREE, y: THREE });

const Z: Argument = {
  valid: () => [
    [1, 2],
    [3, 4],
  ],
  faults: [
    { what: "ragged", make: () => [[1, 2], [3]] },
    { what: "no rows", make: () => [] },
    { what: "a list", make: () => [1, 2] },
  ],
};

const THREE_POINTS = tensor([3, 2], { fixed: [0, 1] });
const POINTS: Argument = {
  ...THREE_POINTS,
  faults: THREE_POINTS.faults.filter(({ what }) => what !== "int32"),
};

const PICTURES: Argument = {
  ...tensor([2, 4, 4, 1]),
  faults: [
    ...tensor([2, 4, 4, 1]).faults.filter(({ what }) => what !== "int32"),
    { what: "two channels", make: () => tf.zeros([2, 4, 4, 2]) },
    { what: "NaN pixels", make: () => tf.fill([2, 4, 4, 1], NaN) },
  ],
};

const GRID = record({
  range: {
    valid: () => [0, 1],
    faults: [
      { what: "an empty range", make: () => [1, 1] },
      { what: "white below black", make: () => [1, 0] },
      { what: "a NaN", make: () => [0, NaN] },
      { what: "nothing", make: () => undefined },
    ],
  },
  columns: count(2),
  scale: count(2),
  captions: {
    valid: () => ["a", "b"],
    faults: [{ what: "one caption less", make: () => ["a"] }],
  },
});

/** Two frames of a slider over pictures. @param position what is beside the pictures */
function frames(position: Readonly<Record<string, Argument>>): Argument {
  const { valid, faults } = record(position);
  const grid = (side: number): viz.ImageGrid => {
    const images = tf.zeros([2, side, side, 1]);
    const made = viz.imageGrid(images, { range: [0, 1] });
    images.dispose();
    return made;
  };
  const both = (place: unknown, side: number): unknown[] => [
    { ...(valid() as object), images: grid(4) },
    { ...(place as object), images: grid(side) },
  ];
  return {
    valid: () => both(valid(), 4),
    faults: [
      { what: "no frame", make: () => [] },
      { what: "grids of two sizes", make: () => both(valid(), 9) },
      ...faults.map(({ what, make }) => ({ what, make: (draw: Draw) => both(make(draw), 4) })),
    ],
  };
}

const TABLE = [
  given(() => [{ a: 1.5 }]),
  record({ digits: count(4, { max: 100 }), maxRows: count(5) }),
] as const;

export const VIZ: Readonly<Record<string, Subject>> = {
  "viz.curves": takes(viz.curves, record({ ...TITLES, ...lists("curves", CURVE) })),
  "viz.scatter2d": takes(
    viz.scatter2d,
    record({ ...TITLES, ...lists("groups", GROUP), size: number(5, { min: 1, max: 1000 }) }),
  ),
  "viz.groupsByLabel": takes(viz.groupsByLabel, POINTS, THREE),
  "viz.bars": takes(
    viz.bars,
    record({
      ...TITLES,
      categories: given(() => ["a", "b", "c"]),
      ...lists("series", record({ name: NAME, values: THREE, errors: THREE })),
    }),
  ),
  "viz.arrows": takes(
    viz.arrows,
    record({ ...TITLES, at: POINTS, vectors: POINTS, scale: number(2, { min: 0 }) }),
  ),
  "viz.heatmap": takes(viz.heatmap, record({ ...TITLES, z: Z, colour: given(() => "z") })),
  "viz.ImageGrid": constructs(viz.ImageGrid, PICTURES, GRID),
  "viz.imageGrid": takes(viz.imageGrid, PICTURES, GRID),
  "viz.slider": takes(
    viz.slider,
    given(() => [new viz.Figure({ data: [] }), new viz.Figure({ data: [] })]),
    record({
      label: NAME,
      positions: {
        valid: () => ["a", "b"],
        faults: [{ what: "one position less", make: () => ["a"] }],
      },
      start: count(1, { min: 0, max: 1 }),
    }),
  ),
  "viz.timestepScrubber": takes(viz.timestepScrubber, frames({ t: count(5, { min: 0 }) })),
  "viz.guidanceSlider": takes(viz.guidanceSlider, frames({ guidanceScale: number(2) })),
  "viz.scheduleSlider": takes(
    viz.scheduleSlider,
    {
      valid: () => [{ setting: "1", alphaBar: [1, 0.5, 0] }],
      faults: [
        { what: "no frame", make: () => [] },
        { what: "ᾱ above 1", make: () => [{ setting: "1", alphaBar: [1.5, 1] }] },
        { what: "a NaN", make: () => [{ setting: "1", alphaBar: [1, NaN] }] },
      ],
    },
    NAME,
  ),
  "viz.healthyBand": takes(
    viz.healthyBand,
    {
      valid: () => [1, 2, 3].map((loss) => ({ x: [1, 50], y: [loss, loss] })),
      faults: [{ what: "two runs", make: () => [1, 2].map((y) => ({ x: [1], y: [y] })) }],
    },
    count(100),
  ),
  "viz.Table": constructs(viz.Table, ...TABLE),
  "viz.table": takes(viz.table, ...TABLE),
};
