import { DISPLAY, type Displayable, type MimeBundle } from "../core/host";
import { ShapeError, ValueError } from "../core/errors";
import { assertFinite, assertInteger, assertTensor } from "../core/guard";
import type { tf } from "../engine/tf";
import { plotlyText } from "./axes";
import { Figure, type Layout } from "./figure";
import { encodePng, type Pixels, pngDataUri } from "./png";

export type ImageGridOptions = {
  /** The values that are black and white; what lies outside is clipped. Never guessed. */
  readonly range: readonly [0, 1] | readonly [-1, 1];
  /** Pictures in a row; default: about a square, but at most 16. */
  readonly columns?: number;
  /** Each pixel becomes a square of this many; default: a picture is at least 56 wide. */
  readonly scale?: number;
  readonly title?: string;
  /** A text under each picture. */
  readonly captions?: readonly string[];
  /** A text beside each row. */
  readonly rowLabels?: readonly string[];
};

/** Between pictures, in screen pixels, and its grey. */
const GAP = 4;
const GAP_GREY = 128;
const CAPTION_HEIGHT = 18;

function channelsOf(images: tf.Tensor): 1 | 3 | 4 {
  assertTensor("imageGrid", "images", images);
  const channels = images.shape[3];
  const known = channels === 1 || channels === 3 || channels === 4;
  if (images.rank === 4 && known && images.size > 0) return channels;
  throw new ShapeError(
    `imageGrid: images must have shape [B, H, W, 1 | 3 | 4], got [${images.shape.join(", ")}].`,
  );
}

function assertRange(range: readonly number[] | undefined): void {
  const [black, white] = range ?? [];
  if ((black === 0 || black === -1) && white === 1) return;
  throw new ValueError(`imageGrid: range must be [0, 1] or [-1, 1], got ${String(range)}.`);
}

/** Pictures side by side, ready to show. It holds pixels, no tensor. */
export class ImageGrid implements Displayable {
  /** All pictures as one, without captions. */
  readonly pixels: Pixels;
  readonly count: number;
  /** Of the grid. */
  readonly rows: number;
  readonly columns: number;
  /** Height and width of one picture on the screen. */
  readonly tile: readonly [number, number];
  private uri: string | undefined;

  constructor(
    images: tf.Tensor,
    private readonly options: ImageGridOptions,
  ) {
    const channels = channelsOf(images);
    const [count, height, width] = images.shape as [number, number, number, number];
    const { columns = Math.min(16, Math.ceil(Math.sqrt(count))) } = options;
    const { scale = Math.max(1, Math.ceil(56 / width)) } = options;
    assertRange(options.range);
    assertInteger("imageGrid", "columns", columns);
    assertInteger("imageGrid", "scale", scale);
    this.count = count;
    this.columns = Math.min(columns, count);
    this.rows = Math.ceil(count / this.columns);
    this.tile = [height * scale, width * scale];
    this.checkTexts();
    const values = images.dataSync();
    assertFinite("imageGrid", "images", values);
    this.pixels = this.paint(values, [height, width, channels], scale);
  }

  private checkTexts(): void {
    const { captions, rowLabels } = this.options;
    const check = (what: string, texts: readonly string[] | undefined, want: number): void => {
      if (texts === undefined || texts.length === want) return;
      throw new ValueError(`imageGrid: ${texts.length} ${what} for ${want} of them.`);
    };
    check("captions", captions, this.count);
    check("row labels", rowLabels, this.rows);
  }

  private get gap(): number {
    return this.options.captions === undefined ? GAP : GAP + CAPTION_HEIGHT;
  }

  /** Left upper corner of picture `index`, in pixels. */
  private corner(index: number): [x: number, y: number] {
    const [height, width] = this.tile;
    const row = Math.floor(index / this.columns);
    return [(index % this.columns) * (width + GAP), row * (height + this.gap)];
  }

  private paint(
    values: ArrayLike<number>,
    [height, width, channels]: readonly [number, number, 1 | 3 | 4],
    scale: number,
  ): Pixels {
    const total = [
      this.rows * (height * scale + this.gap) - this.gap,
      this.columns * (width * scale + GAP) - GAP,
    ] as const;
    const clear = channels === 4 || this.options.captions !== undefined;
    const out = channels === 1 && !clear ? 1 : clear ? 4 : 3;
    const data = new Uint8Array(total[0] * total[1] * out).fill(clear ? 0 : GAP_GREY);
    const [black, white] = this.options.range;
    const byte = (value: number): number =>
      Math.round((255 * (Math.min(white, Math.max(black, value)) - black)) / (white - black));
    for (let i = 0; i < this.count; i++) {
      const [left, top] = this.corner(i);
      for (let y = 0; y < height * scale; y++) {
        for (let x = 0; x < width * scale; x++) {
          const row = i * height + Math.floor(y / scale);
          const from = (row * width + Math.floor(x / scale)) * channels;
          const to = ((top + y) * total[1] + left + x) * out;
          for (let c = 0; c < out; c++) {
            const alpha = c === 3 && channels !== 4;
            data[to + c] = alpha ? 255 : byte(values[from + Math.min(c, channels - 1)] as number);
          }
        }
      }
    }
    return { height: total[0], width: total[1], channels: out, data };
  }

  /** The grid as a PNG in a data URI; made once. */
  dataUri(): string {
    return (this.uri ??= pngDataUri(this.pixels));
  }

  /** The grid as a part of a Plotly layout, fitted into a box given in fractions of the plot. */
  layoutImage(box: { readonly x: number; readonly width: number }): Layout {
    return {
      source: this.dataUri(),
      ...{ xref: "paper", yref: "paper", xanchor: "left", yanchor: "top", sizing: "contain" },
      ...{ x: box.x, y: 1, sizex: box.width, sizey: 1, layer: "above" },
    };
  }

  text(): string {
    const { title, range } = this.options;
    const what = `${this.count} image${this.count === 1 ? "" : "s"}, black ${range[0]}, white ${range[1]}`;
    return title === undefined ? what : `${title}: ${what}`;
  }

  /** The grid with its title, captions and row labels. */
  figure(): Figure {
    const { title = "", captions = [], rowLabels = [] } = this.options;
    const { width, height } = this.pixels;
    const [tileHeight, tileWidth] = this.tile;
    const note = (text: string, x: number, y: number, anchor: Layout): Layout => ({
      text: plotlyText(text),
      ...{ xref: "paper", yref: "paper", x: x / width, y: 1 - y / height, showarrow: false },
      ...anchor,
    });
    const annotations = [
      ...captions.map((text, i) => {
        const [x, y] = this.corner(i);
        const below = { xanchor: "center", yanchor: "top", font: { size: 12 } };
        return note(text, x + tileWidth / 2, y + tileHeight, below);
      }),
      ...rowLabels.map((text, row) => {
        const y = this.corner(row * this.columns)[1] + tileHeight / 2;
        return note(text, -8, y, { xanchor: "right", yanchor: "middle" });
      }),
    ];
    // A picture whose edge is as bright as the page still ends somewhere.
    const shapes = captions.map((_, i) => {
      const [x, y] = this.corner(i);
      const line = { width: 1, color: `rgb(${GAP_GREY}, ${GAP_GREY}, ${GAP_GREY})` };
      const across = { xref: "paper", x0: x / width, x1: (x + tileWidth) / width };
      const down = { yref: "paper", y0: 1 - y / height, y1: 1 - (y + tileHeight) / height };
      return { type: "rect", ...across, ...down, line };
    });
    const left = rowLabels.length === 0 ? 4 : 20 + 8 * Math.max(...rowLabels.map((t) => t.length));
    const margin = { l: left, r: 4, t: title ? 44 : 8, b: captions.length > 0 ? 26 : 8 };
    const hidden = { visible: false, fixedrange: true };
    const layout = {
      title: { text: plotlyText(title), y: 1, yref: "container", yanchor: "top", pad: { t: 12 } },
      width: width + margin.l + margin.r,
      height: height + margin.t + margin.b,
      ...{ margin, annotations, shapes, xaxis: hidden, yaxis: hidden },
      images: [this.layoutImage({ x: 0, width: 1 })],
    };
    return new Figure({ data: [], layout });
  }

  [DISPLAY](): MimeBundle {
    const { title, captions, rowLabels } = this.options;
    const png = (): string => encodePng(this.pixels).toString("base64");
    const bare = title === undefined && captions === undefined && rowLabels === undefined;
    if (bare) return { "image/png": png(), "text/plain": this.text() };
    const forms = { ...this.figure()[DISPLAY](), "text/plain": this.text() };
    // One static form: each holds all pixels.
    return "image/svg+xml" in forms ? forms : { ...forms, "image/png": png() };
  }
}

/**
 * Pictures side by side as one, each pixel a crisp square.
 *
 * @param images `[B, H, W, C]` with C = 1 (grey), 3 (RGB) or 4 (RGBA); read, not kept
 * @example imageGrid(samples, { range: [0, 1], columns: 8, title: "Samples" })
 * @throws ShapeError, ValueError for a wrong number of texts, NonFiniteError
 */
export function imageGrid(images: tf.Tensor, options: ImageGridOptions): ImageGrid {
  return new ImageGrid(images, options);
}
