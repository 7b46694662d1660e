import { chartLayout, plotlyText } from "./axes";
import { type ChartOptions, type Numbers, sameLength, toNumbers } from "./charts";
import { Figure, type Trace } from "./figure";
import { BAND_COLOUR, paletteColour, translucent } from "./theme";

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

/** An area between two lines. */
export interface Band {
  readonly name: string;
  readonly x: readonly number[];
  readonly low: readonly number[];
  readonly high: readonly number[];
}

export interface CurvesOptions extends ChartOptions {
  readonly curves: readonly Curve[];
  /** Areas behind the lines, e.g. where healthy runs lie. */
  readonly bands?: readonly Band[];
  /** Dashed reference lines, e.g. the exact log p(x). */
  readonly horizontals?: readonly { readonly y: number; readonly name: string }[];
}

function bandTrace({ x, low, high }: Omit<Band, "name">, colour: string): Trace {
  return {
    type: "scatter",
    x: [...x, ...[...x].reverse()],
    y: [...high, ...[...low].reverse()],
    fill: "toself",
    fillcolor: translucent(colour, 0.2),
    line: { width: 0 },
    mode: "lines",
    hoverinfo: "skip",
    showlegend: false,
  };
}

function namedBand(band: Band): Trace {
  sameLength("curves", `low of “${band.name}”`, band.low.length, band.x.length);
  sameLength("curves", `high of “${band.name}”`, band.high.length, band.x.length);
  return { ...bandTrace(band, BAND_COLOUR), name: plotlyText(band.name), showlegend: true };
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
  const low = y.map((value, i) => value - (half[i] as number));
  const high = y.map((value, i) => value + (half[i] as number));
  return [bandTrace({ x, low, high }, color), trace];
}

/**
 * Lines over a common axis, each with an optional band.
 *
 * @example curves({ title: "ELBO", x: "step", y: { label: "ELBO", unit: "nats per image" },
 *   curves: [{ name: "held out", x: steps, y: elbo, plusMinus: standardErrors }],
 *   note: "band: ± 1 standard error" })
 * @throws ValueError if the lengths of a curve differ
 */
export function curves(options: CurvesOptions): Figure {
  const { curves: lines, bands = [], horizontals = [] } = options;
  const data = [...bands.map(namedBand), ...lines.flatMap(curveTraces)];
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
