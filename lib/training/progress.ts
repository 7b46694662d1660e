/** What one training step reports. */
export interface TrainProgress {
  /** Steps done, 1…steps. */
  readonly step: number;
  readonly loss: number;
  /** The named parts that the loss function returned beside the loss. */
  readonly parts: Readonly<Record<string, number>>;
  /** ‖g‖₂ over all parameters, before clipping. */
  readonly gradNorm: number;
  readonly learningRate: number;
  /** Since this call of `train` began; a resumed run begins anew. */
  readonly seconds: number;
  readonly stepsPerSecond: number;
  /** At the present rate. */
  readonly secondsLeft: number;
  /** A sentence about something unhealthy, such as exploding gradients. */
  readonly warning?: string;
}

/** Rate and time left of a loop over steps `done`…`total`. */
export class Pace {
  private readonly begin = performance.now();

  constructor(
    private readonly firstDone: number,
    private readonly total: number,
  ) {}

  at(done: number): Pick<TrainProgress, "seconds" | "stepsPerSecond" | "secondsLeft"> {
    const seconds = (performance.now() - this.begin) / 1000;
    const stepsPerSecond = (done - this.firstDone) / Math.max(seconds, 1e-9);
    return { seconds, stepsPerSecond, secondsLeft: (this.total - done) / stepsPerSecond };
  }
}
