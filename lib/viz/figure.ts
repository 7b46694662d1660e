import { DISPLAY, type Displayable, type MimeBundle } from "../core/host";
import { staticSvg } from "./static-svg";
import { TEMPLATE } from "./theme";

/** A Plotly trace: see the reference of plotly.js for its attributes. */
export type Trace = Readonly<Record<string, unknown>>;
/** A Plotly layout. */
export type Layout = Readonly<Record<string, unknown>>;

/** One position of a slider or moment of an animation: replaces what it names. */
export interface Frame {
  readonly name: string;
  readonly data?: readonly Trace[];
  readonly layout?: Layout;
  /** Which traces `data` replaces; default: the first ones. */
  readonly traces?: readonly number[];
}

/** What Plotly draws: plain data. */
export interface FigureSpec {
  readonly data: readonly Trace[];
  readonly layout?: Layout;
  readonly frames?: readonly Frame[];
}

export const PLOTLY_MIME = "application/vnd.plotly.v1+json";

const DEFAULT_HEIGHT = 380;

/** Numbers as JSON needs them: typed arrays as arrays, NaN and ∞ as gaps, six digits. */
function compact(_key: string, value: unknown): unknown {
  if (typeof value === "number") {
    if (!Number.isFinite(value)) return null;
    return Number.isInteger(value) ? value : Number(value.toPrecision(6));
  }
  return ArrayBuffer.isView(value) ? Array.from(value as Float32Array) : value;
}

function titleOf({ title }: Layout): string {
  const text = typeof title === "object" ? (title as { text?: unknown } | null)?.text : title;
  return typeof text === "string" ? ` “${text.replace(/<[^>]*>/g, " ").trim()}”` : "";
}

/**
 * A Plotly figure that shows itself: interactive in JupyterLab, a static picture wherever else the
 * notebook is read (nbconvert, git viewers), a line of text at least.
 *
 * @example new Figure({ data: [{ x: [1, 2], y: [3, 4] }], layout: { title: { text: "Two" } } })
 */
export class Figure implements Displayable {
  readonly data: readonly Trace[];
  readonly layout: Layout;
  readonly frames: readonly Frame[];

  constructor({ data, layout = {}, frames = [] }: FigureSpec) {
    this.data = data;
    this.layout = { template: TEMPLATE, height: DEFAULT_HEIGHT, ...layout };
    this.frames = frames;
  }

  /** Data for plotly.js, rounded to six digits: small, and free of typed arrays. */
  toJSON(): FigureSpec {
    const { data, layout, frames } = this;
    const spec = frames.length > 0 ? { data, layout, frames } : { data, layout };
    return JSON.parse(JSON.stringify(spec, compact)) as FigureSpec;
  }

  /** The figure in words. */
  text(): string {
    const names = this.data.map(({ name }) => name).filter((name) => typeof name === "string");
    return `Figure${titleOf(this.layout)}${names.length > 0 ? `: ${names.join(", ")}` : ""}`;
  }

  /** What a redraw sends many times a second: without the static picture. */
  liveBundle(): MimeBundle {
    return { [PLOTLY_MIME]: this.toJSON(), "text/plain": this.text() };
  }

  [DISPLAY](): MimeBundle {
    const bundle = this.liveBundle();
    const svg = staticSvg(bundle[PLOTLY_MIME] as FigureSpec);
    return svg === undefined ? bundle : { ...bundle, "image/svg+xml": svg };
  }
}
