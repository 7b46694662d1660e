import { randomUUID } from "node:crypto";

import { DISPLAY, kernelHost, type MimeBundle } from "../core/host";
import type { Figure } from "./figure";
import type { ImageGrid } from "./image-grid";
import { type Clock, systemClock, Throttle } from "./throttle";

/** A value, or how to make it: made only if it is shown. */
export type Lazy<T> = T | (() => T);

export type LiveOptions = {
  /** Name of the output; default: a new one. */
  readonly id?: string;
  readonly clock?: Clock;
};

function force<T extends object>(value: Lazy<T>): T {
  return typeof value === "function" ? (value as () => T)() : value;
}

/**
 * An output that is redrawn in place, at most about 8 times a second however often it is updated.
 * When it ends it stays as one output that needs no kernel; end it in a `finally`, so that
 * an error or the stop button leaves the same. Without a kernel it shows nothing.
 */
export class LiveOutput<T extends object> {
  private readonly host = kernelHost();
  private readonly id: string;
  private readonly throttle: Throttle<Lazy<T>>;
  private latest: Lazy<T>;
  private shown = false;
  private ended = false;

  constructor(
    first: Lazy<T>,
    private readonly draw: (value: T) => Figure,
    { id = `latentlab-${randomUUID()}`, clock = systemClock }: LiveOptions = {},
  ) {
    this.id = id;
    this.latest = first;
    this.throttle = new Throttle((value) => this.send(draw(force(value)).liveBundle()), clock);
    this.update(first);
  }

  /** Show this from now on. After `end` it does nothing. */
  update(value: Lazy<T>): void {
    if (this.ended) return;
    this.latest = value;
    if (this.host !== undefined) this.throttle.request(value);
  }

  /** Leave the newest value as a static output that needs no kernel. Idempotent. */
  end(): void {
    if (this.ended) return;
    this.ended = true;
    if (this.host === undefined) return;
    // What is newest first: to draw the static form takes longer, and a stopped cell has little time.
    this.throttle.flush();
    this.send(this.draw(force(this.latest))[DISPLAY]());
  }

  private send(bundle: MimeBundle): number {
    this.host?.display(bundle, { id: this.id, update: this.shown });
    this.shown = true;
    return JSON.stringify(bundle).length;
  }
}

/**
 * A figure that is redrawn in place.
 *
 * @example
 * const live = liveFigure(draw());
 * try { for (…) live.update(() => draw()); } finally { live.end(); }
 */
export function liveFigure(figure: Lazy<Figure>, options?: LiveOptions): LiveOutput<Figure> {
  return new LiveOutput(figure, (value) => value, options);
}

/** A grid of images that is redrawn in place, like `liveFigure`. */
export function liveImages(images: Lazy<ImageGrid>, options?: LiveOptions): LiveOutput<ImageGrid> {
  return new LiveOutput(images, (value) => value.figure(), options);
}
