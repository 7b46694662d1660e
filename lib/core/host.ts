/** Data of one output in several forms, keyed by MIME type. */
export type MimeBundle = Readonly<Record<string, unknown>>;

/** Objects that show themselves in a notebook have a method under this symbol. */
export const DISPLAY: unique symbol = Symbol.for("Jupyter.display") as never;

/** Anything that shows itself as a cell's last expression. */
export interface Displayable {
  [DISPLAY](): MimeBundle | Promise<MimeBundle>;
}

/** Objects that say in a line of text what they hold have a method under this symbol. */
export const DESCRIBE: unique symbol = Symbol.for("latentlab.describe") as never;

export interface DisplayOptions {
  /** A name by which a later call can replace this output in place. */
  readonly id?: string;
  /** Replace the output with this `id` instead of adding one. */
  readonly update?: boolean;
  readonly metadata?: Readonly<Record<string, unknown>>;
}

/** A channel to something in the page that shows the notebook, which has opened it. */
export interface Comm {
  /** @param data is sent as JSON */
  send(data: object): void;
}

/** What the kernel's side of a comm does with what it hears. */
export interface CommListener {
  message?(data: unknown): void;
  /** The page has closed it. */
  closed?(): void;
}

/** What the kernel offers to code that runs in a cell. */
export interface KernelHost {
  display(bundle: MimeBundle, options?: DisplayOptions): void;
  clearOutput(wait?: boolean): void;
  /** Aborted when the running cell is interrupted; undefined between cells. */
  readonly signal: AbortSignal | undefined;
  /**
   * Answer comms that the page opens to `target`; absent where a page cannot open any.
   *
   * @returns ends the serving; open comms stay
   */
  serve?(target: string, opened: (comm: Comm) => CommListener): () => void;
}

const HOST = Symbol.for("latentlab.kernel");

/** The kernel this process runs in, or undefined in a script or test. */
export function kernelHost(): KernelHost | undefined {
  return (globalThis as Record<symbol, unknown>)[HOST] as KernelHost | undefined;
}

/** Called once by the kernel at its start. */
export function registerKernelHost(host: KernelHost): void {
  (globalThis as Record<symbol, unknown>)[HOST] = host;
}

/** The stop button of the notebook, as far as there is one. */
export function isInterrupted(): boolean {
  return kernelHost()?.signal?.aborted ?? false;
}

/** Let signals, interrupts and displays get their turn. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
