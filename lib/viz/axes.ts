import { assertInRange } from "../core/guard";
import type { Layout, Trace } from "./figure";

/** A labelled axis; a plain text is its label. */
export type Axis =
  | string
  | {
      readonly label: string;
      /** Shown in brackets after the label. */
      readonly unit?: string;
      readonly log?: boolean;
      readonly range?: readonly [number, number];
    };

/** Text as written: Plotly would take `<` for markup and drop what it does not know. */
export function plotlyText(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

/** Plotly's attributes of an axis. */
export function axisLayout(axis: Axis): { readonly title: { readonly text: string } } & Layout {
  const { label, unit, log = false, range } = typeof axis === "string" ? { label: axis } : axis;
  const text = plotlyText(unit === undefined ? label : `${label} (${unit})`);
  return {
    title: { text },
    ...(log && { type: "log", exponentformat: "power" }),
    // Plotly takes the range of a logarithmic axis in powers of ten.
    ...(range && { range: log ? range.map(Math.log10) : range }),
  };
}

interface Labels {
  readonly title: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly note?: string;
  readonly height?: number;
}

/** Where the legend goes: a few short names above the plot, more of them beside it. */
function legendLayout(data: readonly Trace[]): {
  readonly above: boolean;
  readonly layout: Layout;
} {
  const names = data.filter(({ showlegend }) => showlegend !== false).map(({ name }) => name);
  const labelled = names.filter((name) => typeof name === "string");
  const show = labelled.length > 1;
  const above = labelled.length <= 4 && labelled.join("").length <= 60;
  const beside = { orientation: "v", x: 1.02, xanchor: "left", y: 1, yanchor: "top" };
  return {
    above: show && above,
    layout: { showlegend: show, ...(above ? {} : { legend: beside }) },
  };
}

/** Title, note, axes and legend of a chart, with room for each. */
export function chartLayout({ title, x, y, note, height }: Labels, data: readonly Trace[]): Layout {
  if (height !== undefined) assertInRange("chart", "height", height, [1, 10_000]);
  const legend = legendLayout(data);
  const subtitle = note === undefined ? undefined : { text: plotlyText(note), font: { size: 12 } };
  const top = 46 + (subtitle ? 18 : 0) + (legend.above ? 26 : 0);
  return {
    title: {
      text: plotlyText(title),
      ...(subtitle && { subtitle }),
      y: 1,
      yref: "container",
      yanchor: "top",
      pad: { t: 14 },
    },
    margin: { l: 64, r: 24, t: top, b: 52 },
    xaxis: axisLayout(x),
    yaxis: axisLayout(y),
    ...legend.layout,
    ...(height !== undefined && { height }),
  };
}
