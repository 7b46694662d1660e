import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

import type { FigureSpec } from "./figure";
import { type Pixels, pngDataUri } from "./png";

/** The parts of plotly.js that draw without a screen. */
interface Plotly {
  newPlot(div: Element, data: unknown, layout: unknown, config: unknown): Promise<unknown>;
  purge(div: Element): void;
  readonly Snapshot: { toSVG(div: Element): string };
}

// jsdom's window, loosely: Node programs have no DOM types.
type Element = { readonly textContent: string | null; remove(): void } & Record<string, unknown>;
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

/** Mean advance of a sans-serif letter in em; jsdom has no fonts to measure. */
const NARROW = /[ijl.,:;|!'()[\]\s]/g;
const WIDE = /[mwMW@%−—ABCDGHKNOQRUVXYZ]/g;

function textWidth(text: string, fontSize: number): number {
  const narrow = text.match(NARROW)?.length ?? 0;
  const wide = text.match(WIDE)?.length ?? 0;
  return fontSize * (0.56 * (text.length - narrow - wide) + 0.3 * narrow + 0.76 * wide);
}

/** Font size of an SVG text: its own style, or that of the nearest parent that has one. */
function fontSizeOf(element: Element): number {
  for (let at: Element | null = element; at; at = at["parentElement"] as Element | null) {
    const size = (at["style"] as Record<string, string> | undefined)?.["fontSize"];
    if (size) return Number.parseFloat(size);
  }
  return 13;
}

function textBox(this: Element): Record<string, number> {
  const size = fontSizeOf(this);
  const width = textWidth(this.textContent ?? "", size);
  const height = 1.2 * size;
  return { x: 0, y: -size, left: 0, top: 0, right: width, bottom: height, width, height };
}

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
  const { JSDOM } = load("jsdom") as {
    JSDOM: new (html: string, options: unknown) => { readonly window: StaticWindow };
  };
  const { window } = new JSDOM("<body></body>", { runScripts: "outside-only" });
  const prototypeOf = (name: string): Record<string, unknown> =>
    (window[name] as { prototype: Record<string, unknown> }).prototype;
  Object.assign(window, { TextDecoder, TextEncoder, requestAnimationFrame: setImmediate });
  Object.assign(window["URL"] as object, { createObjectURL: () => "blob:" });
  Object.assign(prototypeOf("SVGElement"), { getBBox: textBox, getBoundingClientRect: textBox });
  prototypeOf("HTMLCanvasElement")["getContext"] = function (this: Element, kind: string) {
    return kind === "2d" ? withFallback(fakeContext(this)) : null;
  };
  window.eval(readFileSync(load.resolve("plotly.js-dist/plotly.js"), "utf8"));
  return window;
}

let opened: StaticWindow | undefined;
let broken = false;

function draw({ data, layout }: FigureSpec): string {
  opened ??= openWindow();
  const { document, Plotly } = opened;
  const div = document.createElement("div");
  document.body.append(div);
  const discard = (): void => {
    Plotly.purge(div);
    div.remove();
  };
  // newPlot has drawn when it returns; its promise only announces it.
  const drawn = Plotly.newPlot(div, data, { ...DEFAULT_SIZE, ...layout }, { staticPlot: true });
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
    const svg = draw(figure);
    return svg.length <= MAX_CHARACTERS ? svg : undefined;
  } catch {
    broken = opened === undefined; // not installed: do not try again for each figure
    return undefined;
  }
}
