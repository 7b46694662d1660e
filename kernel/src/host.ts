import type { DisplayOptions, KernelHost, MimeBundle } from "latentlab/dist/core/host";

import type { Cell } from "./cells/cell";
import { encodeBytes } from "./output/bundle";
import { installTslabDisplay } from "./output/tslab-display";
import type { PublishedKind } from "./threads/channel";

export interface HostParts {
  /** The cell whose code calls. */
  owner(): Cell | undefined;
  publish(cell: Cell | undefined, kind: PublishedKind, content: object): void;
  /** The cell has taken its signal in hand. */
  cooperates(cell: Cell): void;
  serve: NonNullable<KernelHost["serve"]>;
}

const HOST = Symbol.for("latentlab.kernel");

/**
 * Offers the kernel to code in cells. Registered under the symbol by which latentlab looks for it,
 * without loading latentlab: that would load TensorFlow at every start.
 */
export function installHost({ owner, publish, cooperates, serve }: HostParts): void {
  const display = (bundle: MimeBundle, options: DisplayOptions = {}): void => {
    const { id, update = false, metadata = {} } = options;
    publish(owner(), update ? "update_display_data" : "display_data", {
      data: encodeBytes(bundle),
      metadata,
      transient: id === undefined ? {} : { display_id: id },
    });
  };
  const host: KernelHost = {
    display,
    clearOutput(wait = false) {
      publish(owner(), "clear_output", { wait });
    },
    get signal() {
      const cell = owner();
      if (!cell) return undefined;
      cooperates(cell);
      return cell.signal;
    },
    serve,
  };
  Object.defineProperty(globalThis, HOST, { value: host });
  installTslabDisplay(display);
}

const RECOVER = Symbol.for("latentlab.recover");

/** Lets latentlab, if it is loaded, put right what a cell that V8 ended by force left half done. */
export function recoverLibrary(): void {
  const recover = (globalThis as Record<symbol, unknown>)[RECOVER];
  if (typeof recover === "function") recover();
}
