/** An SVG element of jsdom, loosely: Node programs have no DOM types. */
export interface SvgElement {
  readonly tagName: string;
  readonly textContent: string | null;
  readonly parentElement: SvgElement | null;
  readonly style?: { readonly fontSize?: string };
  getAttribute(name: string): string | null;
  querySelectorAll(css: string): Iterable<SvgElement>;
}

interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Advance of sans-serif letters in em, by their width: jsdom has no fonts to measure. */
const NARROW = /[ijl.,:;|!'()[\]\s]/g;
const WIDE = /[mwMW@%−—ABCDGHKNOQRUVXYZ]/g;

export function textWidth(text: string, fontSize: number): number {
  const narrow = text.match(NARROW)?.length ?? 0;
  const wide = text.match(WIDE)?.length ?? 0;
  return fontSize * (0.56 * (text.length - narrow - wide) + 0.3 * narrow + 0.76 * wide);
}

/** Font size of a text: its own style, or that of the nearest parent that has one. */
function fontSizeOf(text: SvgElement): number {
  for (let at: SvgElement | null = text; at !== null; at = at.parentElement) {
    const size = at.style?.fontSize;
    if (size) return Number.parseFloat(size);
  }
  return 13;
}

/** The box of a text at its own `x` and `y`, its lines one below the other. */
function textBox(text: SvgElement): Box {
  const lines = [...text.querySelectorAll("tspan.line")];
  const texts = (lines.length > 0 ? lines : [text]).map((line) => line.textContent ?? "");
  const size = fontSizeOf(text);
  const width = Math.max(...texts.map((line) => textWidth(line, size)));
  const anchor = text.getAttribute("text-anchor");
  const shift = anchor === "middle" ? width / 2 : anchor === "end" ? width : 0;
  const x = Number(text.getAttribute("x") ?? 0) - shift;
  const y = Number(text.getAttribute("y") ?? 0) - size;
  return { x, y, width, height: 1.3 * size * texts.length };
}

/** Apply `translate(x,y)` and quarter turns about a point, the transforms that Plotly gives text. */
function transformed(box: Box, transform: string): Box {
  const numbers = (name: string): number[] =>
    new RegExp(`${name}\\(([^)]*)\\)`).exec(transform)?.[1]?.split(",").map(Number) ?? [];
  const [dx = 0, dy = 0] = numbers("translate");
  const [angle = 0, cx = 0, cy = 0] = numbers("rotate");
  let { x, y, width, height } = box;
  if (Math.abs(angle) === 90) {
    const [left, top] = angle > 0 ? [cy - y - height, x - cx] : [y - cy, cx - x - width];
    [x, y, width, height] = [cx + left, cy + top, height, width];
  }
  return { x: x + dx, y: y + dy, width, height };
}

/** The box around all texts of an element, in the coordinates of `frame`, or else of the page. */
function boxWithin(element: SvgElement, frame: SvgElement | null): Box {
  const texts = element.tagName === "text" ? [element] : [...element.querySelectorAll("text")];
  const boxes = texts.map((text) => {
    let box = textBox(text);
    for (let at: SvgElement | null = text; at !== null && at !== frame; at = at.parentElement) {
      box = transformed(box, at.getAttribute("transform") ?? "");
    }
    return box;
  });
  if (boxes.length === 0) return { x: 0, y: 0, width: 0, height: 0 };
  const x = Math.min(...boxes.map((box) => box.x));
  const y = Math.min(...boxes.map((box) => box.y));
  const right = Math.max(...boxes.map((box) => box.x + box.width));
  const bottom = Math.max(...boxes.map((box) => box.y + box.height));
  return { x, y, width: right - x, height: bottom - y };
}

/** SVG's measuring functions, which jsdom leaves out. Only labels are measured by Plotly. */
export const MEASURES = {
  getBBox(this: SvgElement): Box {
    return boxWithin(this, this);
  },
  getBoundingClientRect(this: SvgElement): Box & Readonly<Record<string, number>> {
    const { x, y, width, height } = boxWithin(this, null);
    return { x, y, width, height, left: x, top: y, right: x + width, bottom: y + height };
  },
};
