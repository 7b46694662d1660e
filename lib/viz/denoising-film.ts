import { DISPLAY, type Displayable, kernelHost, type MimeBundle } from "../core/host";
import { ShapeError } from "../core/errors";
import { assertInteger, assertTensor } from "../core/guard";
import type { tf } from "../engine/tf";
import { plotlyText } from "./axes";
import { Figure, type Layout, type Trace } from "./figure";
import { ImageGrid, type ImageGridOptions } from "./image-grid";
import { LiveOutput } from "./live";
import { slider } from "./slider";
import { paletteColour } from "./theme";

/** What the film shows of a moment of sampling; `samplers.sample` yields it. */
export interface SamplingMoment {
  /** Steps done. */
  readonly step: number;
  readonly numSteps: number;
  /** The time of `x`. */
  readonly t: number;
  /** Images `[B, H, W, 1 | 3 | 4]` or points `[B, 2]`. */
  readonly x: tf.Tensor;
  /** The clean x that the network predicted, of the same shape. */
  readonly x0: tf.Tensor;
}

export type DenoisingFilmOptions = {
  /** Images: black and white. Points: the two ends of both axes. Never guessed. */
  readonly range: readonly [number, number];
  readonly title?: string;
  /** Moments that stay behind the slider; default 12. */
  readonly frames?: number;
  /** Images in a row. */
  readonly columns?: number;
  /** What the slider is over: the time t, or σ where that is a noise scale; steps, if it stands still. */
  readonly over?: "t" | "σ" | "step";
};

const DEFAULT_FRAMES = 12;
/** Moments closer than this, in milliseconds, are not drawn, unless they stay. */
const REDRAW_INTERVAL = 120;
/** Where the two panels are, in fractions of the plot. */
const PANELS = [
  { name: "x_t", x: 0, width: 0.48 },
  { name: "predicted x_0", x: 0.52, width: 0.48 },
] as const;
const MARGIN = { l: 36, r: 8, t: 64, b: 28 };

/**
 * Sampling as it happens: x_t and the network's guess of x_0, side by side, redrawn in place. Some
 * moments stay, behind a slider that works without a kernel. It holds pixels, no tensor.
 *
 * @example
 * const film = liveDenoising({ range: [-1, 1], title: "DDIM" });
 * for await (const { step, x } of film.watch(sample(sampler, options))) …;
 */
export class DenoisingFilm implements Displayable {
  private readonly kept: { readonly position: string; readonly figure: Figure }[] = [];
  private live: LiveOutput<Figure> | undefined;
  private nextRedraw = -Infinity;

  /** @throws ValueError */
  constructor(private readonly options: DenoisingFilmOptions) {
    assertInteger("liveDenoising", "frames", options.frames ?? DEFAULT_FRAMES);
  }

  /** Take in a moment, whose tensors are read and not kept. Without `watch`, call `end` at last. */
  push(moment: SamplingMoment): void {
    const isKept = this.isKept(moment);
    const isDue = kernelHost() !== undefined && performance.now() >= this.nextRedraw;
    if (!isKept && !isDue) return;
    const figure = this.draw(moment);
    if (isKept) this.kept.push({ position: this.positionOf(moment), figure });
    this.live ??= new LiveOutput<Figure>(figure, (shown) => shown);
    this.live.update(figure);
    this.nextRedraw = performance.now() + REDRAW_INTERVAL;
  }

  /**
   * Follow a sampling: passes each moment on, and leaves the film however the loop ends, by an
   * error, the stop button or `break` too.
   */
  async *watch<M extends SamplingMoment>(moments: AsyncIterable<M>): AsyncGenerator<M, void, void> {
    try {
      for await (const moment of moments) {
        this.push(moment);
        yield moment;
      }
    } finally {
      this.end();
    }
  }

  /** Leave the film with its slider. Idempotent; `watch` does it by itself. */
  end(): void {
    if (this.kept.length > 0) this.live?.update(() => this.figure());
    this.live?.end();
  }

  /** The moments that stay, behind a slider. @throws ValueError before the first */
  figure(): Figure {
    return slider(
      this.kept.map(({ figure }) => figure),
      {
        label: this.options.over ?? "t",
        positions: this.kept.map(({ position }) => position),
        start: this.kept.length - 1,
        play: true,
      },
    );
  }

  [DISPLAY](): MimeBundle {
    return this.figure()[DISPLAY]();
  }

  /** The last step, and others at even distances before it. */
  private isKept({ step, numSteps }: SamplingMoment): boolean {
    const frames = Math.min(this.options.frames ?? DEFAULT_FRAMES, numSteps);
    const frame = (s: number): number => Math.floor((s * frames) / numSteps);
    return frame(step) > frame(step - 1);
  }

  private positionOf({ step, t }: SamplingMoment): string {
    return String(this.options.over === "step" ? step : Number(t.toPrecision(3)));
  }

  private draw(moment: SamplingMoment): Figure {
    const { x, x0 } = moment;
    assertTensor("liveDenoising", "x", x);
    if (x.rank === 4) return this.drawImages(moment);
    if (x.rank === 2 && x.shape[1] === 2) return this.drawPoints(moment);
    throw new ShapeError(
      `liveDenoising: x must be [B, H, W, C] or [B, 2], got [${x.shape.join(", ")}] and ` +
        `[${x0.shape.join(", ")}].`,
      "Decode latents first.",
    );
  }

  private drawImages(moment: SamplingMoment): Figure {
    const { columns } = this.options;
    const range = this.options.range as ImageGridOptions["range"];
    const grids = [moment.x, moment.x0].map(
      (images) => new ImageGrid(images, { range, ...(columns && { columns }) }),
    );
    const { width, height } = (grids[0] as ImageGrid).pixels;
    const hidden = { visible: false, fixedrange: true };
    const layout = {
      ...this.commonLayout(moment),
      width: width / PANELS[0].width + MARGIN.l + MARGIN.r,
      height: height + MARGIN.t + MARGIN.b,
      ...{ xaxis: hidden, yaxis: hidden },
      images: grids.map((grid, i) => grid.layoutImage(PANELS[i] as (typeof PANELS)[number])),
    };
    return new Figure({ data: [], layout });
  }

  private drawPoints(moment: SamplingMoment): Figure {
    const { range } = this.options;
    const data = [moment.x, moment.x0].map((points, i): Trace => {
      const values = points.dataSync();
      const column = (c: number): number[] => Array.from(values).filter((_, k) => k % 2 === c);
      const marker = { color: paletteColour(i), size: 4, opacity: 0.6 };
      const axes = i === 0 ? {} : { xaxis: "x2", yaxis: "y2" };
      const name = plotlyText((PANELS[i] as (typeof PANELS)[number]).name);
      return {
        type: "scatter",
        mode: "markers",
        name,
        x: column(0),
        y: column(1),
        marker,
        ...axes,
      };
    });
    const layout = {
      ...this.commonLayout(moment),
      ...{ width: 760, height: 760 * PANELS[0].width + MARGIN.t + MARGIN.b, showlegend: false },
      xaxis: { range, domain: [0, PANELS[0].width] },
      xaxis2: { range, domain: [PANELS[1].x, 1], anchor: "y2" },
      yaxis: { range },
      yaxis2: { range, anchor: "x2", showticklabels: false },
    };
    return new Figure({ data, layout });
  }

  private commonLayout({ step, numSteps }: SamplingMoment): Layout {
    const { title = "Sampling" } = this.options;
    const text = plotlyText(`${title}: step ${step} of ${numSteps}`);
    return {
      title: { text, y: 1, yref: "container", yanchor: "top", pad: { t: 12 } },
      margin: MARGIN,
      annotations: PANELS.map(({ name, x, width }) => ({
        text: plotlyText(name),
        ...{ xref: "paper", yref: "paper", x: x + width / 2, y: 1, showarrow: false },
        ...{ xanchor: "center", yanchor: "bottom" },
      })),
    };
  }
}

/** A film of the sampling that follows: see `DenoisingFilm`. */
export function liveDenoising(options: DenoisingFilmOptions): DenoisingFilm {
  return new DenoisingFilm(options);
}
