import type { KernelHost, MimeBundle } from "latentlab/dist/core/host";
import "../cells/typescript";
import * as jupyter from "tslab/dist/jupyter";

interface TslabDisplayData {
  readonly data: MimeBundle;
  readonly metadata?: Readonly<Record<string, unknown>>;
  readonly transient?: { readonly display_id?: string };
}

/** `import { display } from "tslab"` in a cell works as in tslab's own kernel. */
export function installTslabDisplay(display: KernelHost["display"]): void {
  const write = (content: TslabDisplayData, update: boolean): void => {
    const id = content.transient?.display_id;
    const metadata = content.metadata ?? {};
    display(content.data, id === undefined ? { metadata } : { metadata, id, update });
  };
  // The place where tslab's public functions look for their kernel.
  (jupyter as { lastWriteDisplayData: unknown }).lastWriteDisplayData = write;
}
