import type { tf } from "../engine/tf";
import { ShapeError } from "../core/errors";
import { assertInRange, assertShape } from "../core/guard";
import { chartLayout } from "./axes";
import { type ChartOptions, heatmap, type HeatmapOptions, toNumbers } from "./charts";
import { Figure, type Trace } from "./figure";
import { paletteColour } from "./theme";

export interface ArrowsOptions extends ChartOptions {
  /** Where the arrows begin, `[N, 2]`. */
  readonly at: tf.Tensor2D;
  /** What they show, `[N, 2]`. */
  readonly vectors: tf.Tensor2D;
  /** Length of an arrow over that of its vector; default 1. */
  readonly scale?: number;
  /** A heat map behind them, on which they are white. */
  readonly behind?: Pick<HeatmapOptions, "z" | "columns" | "rows" | "colour">;
}

/** Length of a head over that of its arrow, and half its width over its length. */
const HEAD = { length: 0.35, spread: 0.5 };

/** A field of vectors in the plane, e.g. a score. @throws ShapeError, ValueError */
export function arrows({ at, vectors, scale = 1, behind, ...chart }: ArrowsOptions): Figure {
  assertShape("arrows", "at", at, ["N", 2]);
  assertShape("arrows", "vectors", vectors, ["N", 2]);
  if (at.shape[0] !== vectors.shape[0]) {
    throw new ShapeError(`arrows: ${at.shape[0]} places, but ${vectors.shape[0]} vectors.`);
  }
  assertInRange("arrows", "scale", scale, [Number.MIN_VALUE, Number.MAX_VALUE]);
  const line = { color: behind === undefined ? paletteColour(0) : "#ffffff", width: 1.5 };
  const strokes = strokesOf(toNumbers(at), toNumbers(vectors), scale);
  const trace = { type: "scatter", mode: "lines", ...strokes, line, hoverinfo: "skip" };
  const map: readonly Trace[] = behind === undefined ? [] : heatmap({ ...chart, ...behind }).data;
  const data = [...map, { ...trace, showlegend: false }];
  const { xaxis, yaxis, ...layout } = chartLayout(chart, data);
  const equal = { scaleanchor: "x", constrain: "domain" };
  return new Figure({
    data,
    layout: {
      ...layout,
      xaxis: { ...(xaxis as object), constrain: "domain" },
      yaxis: { ...(yaxis as object), ...equal },
    },
  });
}

/** A shaft and a head for each arrow, as one line with gaps. */
function strokesOf(
  at: readonly number[],
  vectors: readonly number[],
  scale: number,
): { x: number[]; y: number[] } {
  const [x, y]: [number[], number[]] = [[], []];
  for (let i = 0; i < at.length; i += 2) {
    const [x0, y0] = [at[i] as number, at[i + 1] as number];
    const [dx, dy] = [scale * (vectors[i] as number), scale * (vectors[i + 1] as number)];
    const [neck, side] = [1 - HEAD.length, HEAD.length * HEAD.spread];
    const [neckX, neckY] = [x0 + neck * dx, y0 + neck * dy];
    x.push(x0, x0 + dx, NaN, neckX - side * dy, x0 + dx, neckX + side * dy, NaN);
    y.push(y0, y0 + dy, NaN, neckY + side * dx, y0 + dy, neckY - side * dx, NaN);
  }
  return { x, y };
}
