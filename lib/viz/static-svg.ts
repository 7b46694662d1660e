import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

import { compactSvg } from "./compact-svg";
import type { FigureSpec, Layout } from "./figure";
import { type Pixels, pngDataUri } from "./png";
import { MEASURES, textWidth } from "./text-boxes";
import { TEMPLATE } from "./theme";

/** The parts of plotly.js that draw without a screen. */
interface Plotly {
  newPlot(div: Element, data: unknown, layout: unknown, config: unknown): Promise<unknown>;
  purge(div: Element): void;
  readonly Snapshot: { toSVG(div: Element): string };
}

// jsdom's window, loosely: Node programs have no DOM types.
type Element = { remove(): void } & Record<string, unknown>;
interface StaticWindow extends Record<string, unknown> {
  readonly document: {
    readonly body: { append(child: Element): void };
    createElement(tag: string): Element;
  };
  readonly Plotly: Plotly;
  eval(code: string): unknown;
}

const DEFAULT_SIZE = { width: 760, height: 380 };
/** A picture above this many characters is left out, so that notebooks stay small. */
const MAX_CHARACTERS = 600_000;

/** The few canvas calls with which Plotly paints a heat map, on a plain pixel buffer. */
function fakeContext(canvas: Element): Record<string, unknown> {
  const transparent = (width: number, height: number): Pixels => ({
    width,
    height,
    channels: 4,
    data: new Uint8ClampedArray(4 * width * height),
  });
  return {
    canvas,
    createImageData: transparent,
    // Other code probes fonts through these at load: an empty answer will do.
    getImageData: (_x: number, _y: number, width: number, height: number) =>
      transparent(width, height),
    measureText: (text: string) => ({ width: textWidth(text, 12) }),
    putImageData: (pixels: Pixels) => {
      canvas["toDataURL"] = () => pngDataUri({ ...pixels, channels: 4 });
    },
  };
}

function withFallback(context: Record<string, unknown>): unknown {
  return new Proxy(context, { get: (target, key) => target[key as string] ?? (() => undefined) });
}

/** plotly.js in a jsdom window that has what Plotly asks of a browser. No network, no scripts. */
function openWindow(): StaticWindow {
  const load = createRequire(__filename);
  const { JSDOM, VirtualConsole } = load("jsdom") as {
    JSDOM: new (html: string, options: unknown) => { readonly window: StaticWindow };
    VirtualConsole: new () => unknown;
  };
  // A console that nobody listens to: warnings about a fallback are no news for a cell.
  const virtualConsole = new VirtualConsole();
  const { window } = new JSDOM("<body></body>", { runScripts: "outside-only", virtualConsole });
  const prototypeOf = (name: string): Record<string, unknown> =>
    (window[name] as { prototype: Record<string, unknown> }).prototype;
  Object.assign(window, { TextDecoder, TextEncoder, requestAnimationFrame: setImmediate });
  Object.assign(window["URL"] as object, { createObjectURL: () => "blob:" });
  Object.assign(prototypeOf("SVGElement"), MEASURES);
  prototypeOf("HTMLCanvasElement")["getContext"] = function (this: Element, kind: string) {
    return kind === "2d" ? withFallback(fakeContext(this)) : null;
  };
  window.eval(readFileSync(load.resolve("plotly.js-dist/plotly.js"), "utf8"));
  return window;
}

/** Fixed margins: to fit them to labels takes real text boxes and many redraws. */
function withFixedMargins(layout: Layout): Layout {
  const axes = Object.entries(layout).filter(([key]) => /^[xy]axis\d*$/.test(key));
  const fixed = axes.map(([key, axis]) => [key, { ...(axis as object), automargin: false }]);
  const both = { xaxis: { automargin: false }, yaxis: { automargin: false } };
  return { ...both, ...layout, ...Object.fromEntries(fixed) };
}

let opened: StaticWindow | undefined;
let broken = false;

function draw({ data, layout = {} }: FigureSpec): string {
  opened ??= openWindow();
  const { document, Plotly } = opened;
  const div = document.createElement("div");
  document.body.append(div);
  const discard = (): void => {
    Plotly.purge(div);
    div.remove();
  };
  // newPlot has drawn when it returns; its promise only announces it.
  const size = { ...DEFAULT_SIZE, ...withFixedMargins(layout) };
  const drawn = Plotly.newPlot(div, data, size, { staticPlot: true });
  drawn.then(discard, discard);
  return Plotly.Snapshot.toSVG(div).replaceAll("TOBESTRIPPED", "");
}

/**
 * A figure as an SVG document, drawn by the same plotly.js that draws it in JupyterLab. The first
 * call loads it (about 0.7 s), later ones take tens of milliseconds.
 *
 * @returns undefined if it cannot be drawn here: a figure's output never fails for its fallback
 */
export function staticSvg(figure: FigureSpec): string | undefined {
  if (broken) return undefined;
  try {
    const svg = compactSvg(draw(figure), TEMPLATE.layout.font.family);
    return svg.length <= MAX_CHARACTERS ? svg : undefined;
  } catch {
    broken = opened === undefined; // not installed: do not try again for each figure
    return undefined;
  }
}
