import type { tf } from "../engine/tf";
import { ValueError } from "../core/errors";
import { assertInRange, assertShape } from "../core/guard";
import { type Axis, axisLayout, chartLayout, plotlyText } from "./axes";
import { Figure, type Trace } from "./figure";
import { groupColour, paletteColour, translucent } from "./theme";

/** Numbers on the host or in a tensor, which is read and not kept. */
export type Numbers = ArrayLike<number> | tf.Tensor;

export function toNumbers(values: Numbers): number[] {
  if (typeof values !== "object" || values === null) {
    throw new ValueError(`chart: expected numbers or a tensor of numbers, got ${typeof values}.`);
  }
  return Array.from("dataSync" in values ? values.dataSync() : values);
}

function sameLength(where: string, what: string, got: number, want: number): void {
  if (got === want) return;
  throw new ValueError(`${where}: ${what} has ${got} values; there are ${want} points.`);
}

/** What every chart takes. Axes need a label; give the unit too where there is one. */
export interface ChartOptions {
  readonly title: string;
  readonly x: Axis;
  readonly y: Axis;
  /** A smaller second line: what the bands or error bars mean, what was averaged. */
  readonly note?: string;
  /** Pixels; default 380. */
  readonly height?: number;
}

/** One line of `curves`. */
export interface Curve {
  readonly name: string;
  /** Default: 0, 1, 2, … */
  readonly x?: Numbers;
  readonly y: Numbers;
  /** Half width of a band around the line; say in `note` what it is. */
  readonly plusMinus?: Numbers;
  readonly dashed?: boolean;
  /** Mark each point, for few measurements. */
  readonly markers?: boolean;
}

export interface CurvesOptions extends ChartOptions {
  readonly curves: readonly Curve[];
  /** Dashed reference lines, e.g. the exact log p(x). */
  readonly horizontals?: readonly { readonly y: number; readonly name: string }[];
}

function bandTrace(x: readonly number[], lower: number[], upper: number[], colour: string): Trace {
  return {
    type: "scatter",
    x: [...x, ...[...x].reverse()],
    y: [...upper, ...lower.reverse()],
    fill: "toself",
    fillcolor: translucent(colour, 0.2),
    line: { width: 0 },
    mode: "lines",
    hoverinfo: "skip",
    showlegend: false,
  };
}

function curveTraces(curve: Curve, index: number): Trace[] {
  const { name, dashed = false, markers = false } = curve;
  const y = toNumbers(curve.y);
  const x = curve.x === undefined ? y.map((_, i) => i) : toNumbers(curve.x);
  sameLength("curves", `x of “${name}”`, x.length, y.length);
  const color = paletteColour(index);
  const line = { color, width: 2, ...(dashed && { dash: "dash" }) };
  const mode = markers ? "lines+markers" : "lines";
  const trace = { type: "scatter", mode, name: plotlyText(name), x, y, line };
  if (curve.plusMinus === undefined) return [trace];
  const half = toNumbers(curve.plusMinus);
  sameLength("curves", `plusMinus of “${name}”`, half.length, y.length);
  const lower = y.map((value, i) => value - (half[i] as number));
  const upper = y.map((value, i) => value + (half[i] as number));
  return [bandTrace(x, lower, upper, color), trace];
}

/**
 * Lines over a common axis, each with an optional band.
 *
 * @example curves({ title: "ELBO", x: "step", y: { label: "ELBO", unit: "nats per image" },
 *   curves: [{ name: "held out", x: steps, y: elbo, plusMinus: standardErrors }],
 *   note: "band: ± 1 standard error" })
 * @throws ValueError if the lengths of a curve differ
 */
export function curves({ curves: lines, horizontals = [], ...options }: CurvesOptions): Figure {
  const data = lines.flatMap(curveTraces);
  const ends = data.flatMap(({ x }) => x as number[]);
  const span = ends.length > 0 ? [minOf(ends), maxOf(ends)] : [0, 1];
  for (const { y, name } of horizontals) {
    const line = { color: "#757575", width: 1.5, dash: "dot" };
    data.push({ type: "scatter", mode: "lines", name: plotlyText(name), x: span, y: [y, y], line });
  }
  return new Figure({ data, layout: chartLayout(options, data) });
}

function minOf(values: readonly number[]): number {
  return values.reduce((a, b) => Math.min(a, b));
}

function maxOf(values: readonly number[]): number {
  return values.reduce((a, b) => Math.max(a, b));
}

/** A cloud of points of one colour. */
export interface PointGroup {
  readonly name: string;
  readonly x: Numbers;
  readonly y: Numbers;
}

export interface ScatterOptions extends ChartOptions {
  readonly groups: readonly PointGroup[];
  /** One unit is as long on both axes; default false. */
  readonly equalScales?: boolean;
  /** Diameter in pixels; default 5. */
  readonly size?: number;
}

/**
 * The rows of `points` as one group per label, in the order of the labels.
 *
 * @param points `[N, 2]`
 * @param labels `[N]` whole numbers
 * @param nameOf legend text of a label; default its number
 */
export function groupsByLabel(
  points: tf.Tensor,
  labels: Numbers,
  nameOf: (label: number) => string = String,
): PointGroup[] {
  assertShape("groupsByLabel", "points", points, ["N", 2]);
  const flat = toNumbers(points);
  const label = toNumbers(labels);
  sameLength("groupsByLabel", "points", flat.length, 2 * label.length);
  return [...new Set(label)]
    .sort((a, b) => a - b)
    .map((value) => {
      const rows = label.flatMap((l, i) => (l === value ? [i] : []));
      const column = (c: number): number[] => rows.map((row) => flat[2 * row + c] as number);
      return { name: nameOf(value), x: column(0), y: column(1) };
    });
}

/** Points in the plane, a colour per group. @throws ValueError if the lengths of a group differ */
export function scatter2d(options: ScatterOptions): Figure {
  const { groups, equalScales = false, size = 5 } = options;
  assertInRange("scatter2d", "size", size, [1, 1000]);
  const data = groups.map((group, index) => {
    const [x, y] = [toNumbers(group.x), toNumbers(group.y)];
    sameLength("scatter2d", `x of “${group.name}”`, x.length, y.length);
    const color = groupColour(index, groups.length);
    const marker = { color, size, opacity: 0.75, line: { width: 0 } };
    return { type: "scatter", mode: "markers", name: plotlyText(group.name), x, y, marker };
  });
  const layout = chartLayout(options, data);
  const scale = equalScales ? { scaleanchor: "x", scaleratio: 1 } : {};
  return new Figure({
    data,
    layout: { ...layout, yaxis: { ...(layout["yaxis"] as object), ...scale } },
  });
}

export interface BarsOptions extends ChartOptions {
  /** One text per group of bars, along x. */
  readonly categories: readonly string[];
  /** One bar per category each; `errors` are half lengths, whose meaning `note` gives. */
  readonly series: readonly {
    readonly name: string;
    readonly values: Numbers;
    readonly errors?: Numbers;
  }[];
}

/** Bars with error bars. @throws ValueError if the number of values or errors differs */
export function bars({ categories, series, ...options }: BarsOptions): Figure {
  const data = series.map(({ name, values, errors }, index) => {
    const y = toNumbers(values);
    sameLength("bars", `“${name}”`, y.length, categories.length);
    const array = errors === undefined ? undefined : toNumbers(errors);
    if (array) sameLength("bars", `errors of “${name}”`, array.length, categories.length);
    const marker = { color: paletteColour(index) };
    const error = array && { error_y: { type: "data", array, thickness: 1.5, width: 6 } };
    const x = categories.map(plotlyText);
    return { type: "bar", name: plotlyText(name), x, y, marker, ...error };
  });
  const layout = chartLayout(options, data);
  const xaxis = { ...(layout["xaxis"] as object), type: "category" };
  return new Figure({ data, layout: { ...layout, barmode: "group", bargap: 0.35, xaxis } });
}

export interface HeatmapOptions extends ChartOptions {
  /** Rows of numbers; the first row is at the bottom unless `downwards`. */
  readonly z: tf.Tensor2D | readonly (readonly number[])[];
  /** Positions or names of columns and rows; default their indices. */
  readonly columns?: readonly (number | string)[];
  readonly rows?: readonly (number | string)[];
  /** What the colour shows. */
  readonly colour: Axis;
  /** Two-sided colours around zero. */
  readonly diverging?: boolean;
  /** The first row on top, as a matrix is written. */
  readonly downwards?: boolean;
}

function assertRows(matrix: readonly (readonly number[])[]): void {
  const width = matrix[0]?.length ?? 0;
  if (width > 0 && matrix.every((row) => row.length === width)) return;
  throw new ValueError("heatmap: z must have rows of one length, and one at least.");
}

/** A matrix as colours. @throws ValueError if its rows are ragged */
export function heatmap(options: HeatmapOptions): Figure {
  const { z, columns, rows, colour, diverging = false, downwards = false } = options;
  const matrix = "arraySync" in z ? z.arraySync() : z;
  assertRows(matrix);
  const names = (values?: readonly (number | string)[]): unknown[] | undefined =>
    values?.map((value) => (typeof value === "string" ? plotlyText(value) : value));
  const trace = {
    type: "heatmap",
    z: matrix,
    ...(columns && { x: names(columns) }),
    ...(rows && { y: names(rows) }),
    colorscale: diverging ? "RdBu" : "Viridis",
    ...(diverging && { zmid: 0 }),
    colorbar: { title: { ...axisLayout(colour).title, side: "right" }, thickness: 14 },
  };
  const layout = chartLayout(options, [trace]);
  const yaxis = { ...(layout["yaxis"] as object), ...(downwards && { autorange: "reversed" }) };
  return new Figure({ data: [trace], layout: { ...layout, yaxis } });
}
