import type { Comm, CommListener } from "latentlab/dist/core/host";

import type { CommOrder, PublishedKind } from "./threads/channel";

type Opened = (comm: Comm) => CommListener;

/** Channels that a page opens to the code of cells, each to a target that the code has named. */
export class Comms {
  private readonly targets = new Map<string, Opened>();
  private readonly listeners = new Map<string, CommListener>();

  constructor(private readonly publish: (kind: PublishedKind, content: object) => void) {}

  /** @returns ends the serving */
  serve(target: string, opened: Opened): () => void {
    this.targets.set(target, opened);
    return () => void this.targets.delete(target);
  }

  hear({ kind, content }: CommOrder): void {
    const { comm_id, target_name, data } = content;
    const id = String(comm_id);
    if (kind === "comm_open") this.open(id, String(target_name));
    else if (kind === "comm_msg") this.listeners.get(id)?.message?.(data);
    else {
      this.listeners.get(id)?.closed?.();
      this.listeners.delete(id);
    }
  }

  private open(comm_id: string, target: string): void {
    const opened = this.targets.get(target);
    // The protocol says to close what nobody serves.
    if (opened === undefined) this.publish("comm_close", { comm_id, data: {} });
    else {
      const send = (data: object): void => {
        this.publish("comm_msg", { comm_id, data });
      };
      this.listeners.set(comm_id, opened({ send }));
    }
  }
}
