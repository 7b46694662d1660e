import { kernelHost } from "../core/host";
import { memoryReport } from "../engine/engine";
import { type Axis, plotlyText } from "./axes";
import { curves } from "./charts";
import { Figure, type Layout } from "./figure";
import type { ImageGrid } from "./image-grid";
import { LiveOutput } from "./live";
import { RunningCurve } from "./running-curve";
import { type Clock, systemClock } from "./throttle";

/** What the dashboard reads of a training step's report; `training.train` yields it. */
export interface TrainingReport {
  /** Steps done. */
  readonly step: number;
  readonly loss: number;
  readonly parts?: Readonly<Record<string, number>>;
  readonly stepsPerSecond?: number;
  readonly secondsLeft?: number;
  readonly warning?: string | undefined;
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
  readonly clock?: Clock;
};

/** Without a kernel, a line of text goes out this often, in milliseconds. */
const PRINT_INTERVAL = 5_000;
/** Widths of curves and pictures, as fractions of the plot. */
const CURVES_WIDTH = 0.56;
const PICTURES = { x: 0.62, width: 0.38 };

function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

function group(step: number): string {
  return step.toLocaleString("en-US");
}

/**
 * Training as it happens: curves of the loss and its parts, measurements, pictures, rate, time left
 * and memory, in one figure that is redrawn in place.
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
  private grid: ImageGrid | undefined;
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
    this.grid = images;
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

  /** Step, values, rate, time left and memory in a line of text. */
  private status(): string {
    if (this.last === undefined) return "waiting for the first step";
    const { step, stepsPerSecond, secondsLeft, warning } = this.last;
    const done = step >= this.options.steps;
    const stopped = !done && this.ended;
    const rate = stepsPerSecond ?? 0;
    const parts = [
      `${stopped ? "stopped at step" : "step"} ${group(step)} of ${group(this.options.steps)}`,
      rate > 0 ? `${rate < 10 ? rate.toFixed(1) : group(Math.round(rate))} steps/s` : "",
      secondsLeft === undefined || done || stopped ? "" : `${duration(secondsLeft)} left`,
      `${Math.round(memoryReport().residentBytes / 1e6)} MB`,
      warning ?? "",
    ];
    return parts.filter((part) => part !== "").join(" · ");
  }

  private line(): string {
    const values = [...this.curves].map(([name, curve]) => {
      return `${name} ${curve.points().y.at(-1)?.toPrecision(4) ?? "–"}`;
    });
    return `${this.options.title}: ${[this.status(), ...values].join(" · ")}`;
  }

  /** The dashboard as it stands. */
  figure(): Figure {
    const { title, y } = this.options;
    const lines = [...this.curves].map(([name, curve]) => ({ name, ...curve.points() }));
    const marks = [...this.measured].map(([name, { x, y: values }]) => {
      return { name, x: [...x], y: [...values], markers: true };
    });
    const x = { label: "step", range: [0, this.options.steps] as const };
    const plot = curves({ title, x, y, note: this.status(), curves: [...lines, ...marks] });
    return this.grid === undefined ? plot : this.withPictures(plot, this.grid);
  }

  private withPictures(plot: Figure, grid: ImageGrid): Figure {
    const { picturesTitle } = this.options;
    const heading = picturesTitle && {
      text: plotlyText(picturesTitle),
      ...{ xref: "paper", yref: "paper", x: PICTURES.x, y: 1, showarrow: false },
      ...{ xanchor: "left", yanchor: "bottom" },
    };
    const layout: Layout = {
      ...plot.layout,
      xaxis: { ...(plot.layout["xaxis"] as object), domain: [0, CURVES_WIDTH] },
      images: [grid.layoutImage(PICTURES)],
      ...(heading && { annotations: [heading] }),
    };
    return new Figure({ data: plot.data, layout });
  }
}

/** A dashboard for the training that follows: see `TrainingDashboard`. */
export function liveTraining(options: TrainingDashboardOptions): TrainingDashboard {
  return new TrainingDashboard(options);
}
