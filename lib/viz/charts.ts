import type { tf } from "../engine/tf";
import { ValueError } from "../core/errors";
import { assertInRange, assertShape } from "../core/guard";
import { type Axis, axisLayout, chartLayout, plotlyText } from "./axes";
import { Figure } from "./figure";
import { groupColour, paletteColour } from "./theme";

/** Numbers on the host or in a tensor, which is read and not kept. */
export type Numbers = ArrayLike<number> | tf.Tensor;

export function toNumbers(values: Numbers): number[] {
  if (typeof values !== "object" || values === null) {
    throw new ValueError(`chart: expected numbers or a tensor of numbers, got ${typeof values}.`);
  }
  return Array.from("dataSync" in values ? values.dataSync() : values);
}

export function sameLength(where: string, what: string, got: number, want: number): void {
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
  // Else names that are numbers become a scale, with some of them left out.
  const typed = (axis: unknown, values?: readonly unknown[]): object => ({
    ...(axis as object),
    ...(typeof values?.[0] === "string" && { type: "category" }),
  });
  const xaxis = typed(layout["xaxis"], columns);
  const yaxis = { ...typed(layout["yaxis"], rows), ...(downwards && { autorange: "reversed" }) };
  return new Figure({ data: [trace], layout: { ...layout, xaxis, yaxis } });
}
