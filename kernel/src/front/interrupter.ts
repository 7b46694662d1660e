import type { InterruptOrder, RequestId } from "../threads/channel";
import type { SharedState } from "../threads/shared-state";

/** Milliseconds after the press at which each stage is reached. */
interface Patience {
  /** What the cell awaits is rejected, and its next turn of a loop throws. */
  readonly stop: number;
  /** Every turn throws: the cell caught the first exception and went on. */
  readonly insist: number;
  /** V8 ends the code that runs, wherever it is: a library's loop that never looks up. */
  readonly terminate: number;
}

const PLAIN: Patience = { stop: 30, insist: 150, terminate: 250 };
/** A training loop that reads the signal ends its step and saves; nobody should cut that short. */
const COOPERATIVE: Patience = { stop: 2_000, insist: 3_000, terminate: 10_000 };
const TICK_MS = 25;
/** The cell thread counts as blocked when it has not heard an order for this long. */
const UNHEARD_MS = 100;

export interface CellThread {
  order(order: InterruptOrder): void;
  /** Ends the JavaScript that the thread runs at this moment, uncatchably. */
  terminate(): void;
}

/** The stop button: asks the running cell to end, and grows firmer until it does. */
export class Interrupter {
  private timer: NodeJS.Timeout | undefined;
  private pressedAt = 0;
  private impatient = false;
  private stopSent = false;
  private request: RequestId = 0;
  private serial = 0;
  private sentAt = 0;

  constructor(
    private readonly state: SharedState,
    private readonly thread: CellThread,
  ) {}

  /** @param request the running cell; 0: none, so that what earlier ones left running is stopped. */
  press(request: RequestId): void {
    if (this.timer) {
      this.impatient = true;
      return;
    }
    this.request = request;
    this.send("ask");
    if (request === 0) return;
    this.pressedAt = performance.now();
    this.timer = setInterval(() => {
      this.tick();
    }, TICK_MS);
  }

  /** The cell has ended. */
  ended(): void {
    clearInterval(this.timer);
    this.timer = undefined;
    this.impatient = false;
    this.stopSent = false;
  }

  private tick(): void {
    const patience = this.state.cooperative && !this.impatient ? COOPERATIVE : PLAIN;
    const elapsed = performance.now() - this.pressedAt;
    if (elapsed >= patience.stop && !this.stopSent) {
      this.stopSent = true;
      this.state.stop = 1;
      this.send("stop");
    }
    if (elapsed >= patience.insist) this.state.stop = 2;
    if (elapsed >= patience.terminate) this.settle();
  }

  private settle(): void {
    const free = this.state.heard === this.serial;
    if (free) {
      this.send("settle");
    } else if (performance.now() - this.sentAt >= UNHEARD_MS) {
      // Never inside the compiler: its half-done state would spoil every later cell.
      if (this.state.running && !this.state.compiling) this.thread.terminate();
      this.sentAt = performance.now();
    }
  }

  private send(stage: InterruptOrder["stage"]): void {
    this.serial += 1;
    this.sentAt = performance.now();
    this.thread.order({ type: "interrupt", stage, request: this.request, serial: this.serial });
  }
}
