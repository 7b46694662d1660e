import { kernelHost } from "../core/host";
import { type Axis, plotlyText } from "./axes";
import { curves } from "./curves";
import { Figure, type Layout } from "./figure";
import { healthOf, type HealthyRuns } from "./healthy-runs";
import type { ImageGrid } from "./image-grid";
import { LiveOutput } from "./live";
import { type Moment, PictureHistory } from "./picture-history";
import { RunningCurve } from "./running-curve";
import { slider } from "./slider";
import { type Clock, systemClock } from "./throttle";
import { type Rate, trainingStatus } from "./training-status";

/** What the dashboard reads of a training step's report; `training.train` yields it. */
export interface TrainingReport extends Rate {
  /** Steps done. */
  readonly step: number;
  readonly loss: number;
  readonly parts?: Readonly<Record<string, number>>;
}

export type TrainingDashboardOptions = {
  readonly title: string;
  /** What the loss and its parts are measured in, e.g. `{ label: "loss", unit: "nats per image" }`. */
  readonly y: Axis;
  /** Steps in all. */
  readonly steps: number;
  /** Which curves are drawn, of "loss" and the names of its parts; default all. */
  readonly show?: readonly string[];
  /** Text above the pictures. */
  readonly picturesTitle?: string;
  /** Runs that went well: a band behind the loss. Ignored if they were of another length. */
  readonly healthy?: HealthyRuns;
  readonly clock?: Clock;
};

/** Without a kernel, a line of text goes out this often, in milliseconds. */
const PRINT_INTERVAL = 5_000;
/** Widths of curves and pictures, as fractions of the plot. */
const CURVES_WIDTH = 0.56;
const PICTURES = { x: 0.62, width: 0.38 };

/**
 * Training as it happens: curves of the loss and its parts, measurements, pictures, rate, time left
 * and memory, in one figure that is redrawn in place. What it leaves has a slider over the pictures.
 *
 * @example
 * const dashboard = liveTraining({ title: "VAE", steps: 2000, y: { label: "−ELBO", unit: "nats" } });
 * for await (const { step } of dashboard.watch(train(model, loss, options))) {
 *   if (step % 100 === 0) dashboard.pictures(imageGrid(samples, { range: [0, 1] }));
 * }
 */
export class TrainingDashboard {
  private readonly curves = new Map<string, RunningCurve>();
  private readonly measured = new Map<string, { x: number[]; y: number[] }>();
  private readonly live: LiveOutput<TrainingDashboard>;
  private readonly clock: Clock;
  private readonly history = new PictureHistory();
  private last: TrainingReport | undefined;
  private nextPrint: number;
  private ended = false;

  constructor(private readonly options: TrainingDashboardOptions) {
    this.clock = options.clock ?? systemClock;
    this.nextPrint = this.clock.now() + PRINT_INTERVAL;
    this.live = new LiveOutput<TrainingDashboard>(this, (it) => it.figure(), { clock: this.clock });
  }

  /** Take in the report of a step. A loop that does this by itself, without `watch`, calls `end`. */
  push(report: TrainingReport): void {
    this.last = report;
    const { step, loss, parts = {} } = report;
    for (const [name, value] of Object.entries({ loss, ...parts })) {
      if (this.options.show && !this.options.show.includes(name)) continue;
      const curve = this.curves.get(name) ?? new RunningCurve();
      this.curves.set(name, curve);
      curve.push(step, value);
    }
    this.redraw();
  }

  /** Add a point to a curve of measurements, e.g. the ELBO of held-out images. */
  measure(name: string, step: number, value: number): void {
    const points = this.measured.get(name) ?? { x: [], y: [] };
    this.measured.set(name, points);
    points.x.push(step);
    points.y.push(value);
    this.redraw();
  }

  /** Show these pictures beside the curves, in place of those before. */
  pictures(images: ImageGrid): void {
    this.history.push({ step: this.last?.step ?? 0, images });
    this.redraw();
  }

  /**
   * Follow a training loop: passes each report on, and leaves a final figure however the loop
   * ends, by an error, the stop button or `break` too.
   */
  async *watch<T extends TrainingReport>(reports: AsyncIterable<T>): AsyncGenerator<T, void, void> {
    try {
      for await (const report of reports) {
        this.push(report);
        yield report;
      }
    } finally {
      this.end();
    }
  }

  /** Leave the final figure. Idempotent; `watch` does it by itself. */
  end(): void {
    if (this.ended) return;
    this.ended = true;
    this.live.end();
    if (kernelHost() === undefined) console.log(this.line());
  }

  private redraw(): void {
    if (this.ended) return;
    this.live.update(this);
    if (kernelHost() !== undefined || this.clock.now() < this.nextPrint) return;
    this.nextPrint = this.clock.now() + PRINT_INTERVAL;
    console.log(this.line());
  }

  private get healthy(): HealthyRuns | undefined {
    const { healthy, steps } = this.options;
    return healthy?.steps === steps ? healthy : undefined;
  }

  private status(): string {
    const { steps } = this.options;
    return trainingStatus(this.last, { steps, hasEnded: this.ended, health: this.health() });
  }

  /** A warning when the loss has left the band of healthy runs. */
  private health(): string {
    const loss = this.curves.get("loss")?.points();
    const health = this.healthy && loss && healthOf(this.healthy, loss);
    return health === "above" || health === "below"
      ? `⚠ the loss is ${health} that of healthy runs`
      : "";
  }

  private line(): string {
    const values = [...this.curves].map(([name, curve]) => {
      return `${name} ${curve.points().y.at(-1)?.toPrecision(4) ?? "–"}`;
    });
    return `${this.options.title}: ${[this.status(), ...values].join(" · ")}`;
  }

  /** The dashboard as it stands. */
  figure(): Figure {
    const { title, y, steps } = this.options;
    const lines = [...this.curves].map(([name, curve]) => ({ name, ...curve.points() }));
    const marks = [...this.measured].map(([name, { x, y: values }]) => {
      return { name, x: [...x], y: [...values], markers: true };
    });
    const { healthy } = this;
    const bands = healthy ? [{ ...healthy, name: `${healthy.runs} healthy runs` }] : [];
    const x = { label: "step", range: [0, steps] as const };
    const all = [...lines, ...marks];
    const plot = curves({ title, x, y, note: this.status(), curves: all, bands });
    if (this.history.newest === undefined) return plot;
    if (!this.ended) return this.withPictures(plot, this.history.newest);
    return this.withSlider(plot, this.history.kept());
  }

  /** The plot with a slider over the pictures of all times; a line marks each one's step. */
  private withSlider(plot: Figure, moments: readonly Moment[]): Figure {
    const [first, ...more] = moments.map((moment) => this.withPictures(plot, moment));
    if (first === undefined || more.length === 0) return first ?? plot;
    const figures = [first, ...more].map(({ layout }, i) => {
      const step = moments[i]?.step ?? 0;
      const line = { color: "#757575", width: 1, dash: "dot" };
      const mark = { type: "line", x0: step, x1: step, yref: "paper", y0: 0, y1: 1, line };
      return new Figure({ data: plot.data, layout: { ...layout, shapes: [mark] } });
    });
    const positions = moments.map(({ step }) => step.toLocaleString("en-US"));
    return slider(figures, { label: "pictures at step", positions, start: moments.length - 1 });
  }

  private withPictures(plot: Figure, { images }: Moment): Figure {
    const { picturesTitle } = this.options;
    const heading = picturesTitle && {
      text: plotlyText(picturesTitle),
      ...{ xref: "paper", yref: "paper", x: PICTURES.x, y: 1, showarrow: false },
      ...{ xanchor: "left", yanchor: "bottom" },
    };
    const layout: Layout = {
      ...plot.layout,
      xaxis: { ...(plot.layout["xaxis"] as object), domain: [0, CURVES_WIDTH] },
      images: [images.layoutImage(PICTURES)],
      ...(heading && { annotations: [heading] }),
    };
    return new Figure({ data: plot.data, layout });
  }
}

/** A dashboard for the training that follows: see `TrainingDashboard`. */
export function liveTraining(options: TrainingDashboardOptions): TrainingDashboard {
  return new TrainingDashboard(options);
}
