import type { RequestId, StreamName } from "../threads/channel";

interface Pending {
  readonly request: RequestId;
  readonly name: StreamName;
  readonly parts: string[];
}

/** Longest time that printed text waits to be joined with what follows it. */
const FLUSH_MS = 20;

/** Joins what a cell prints into few messages: 20,000 lines must not become 20,000 messages. */
export class Streams {
  private pending: Pending | undefined;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly publish: (request: RequestId, name: StreamName, text: string) => void,
  ) {}

  write(request: RequestId, name: StreamName, text: string): void {
    if (this.pending?.request !== request || this.pending.name !== name) this.flush();
    this.pending ??= { request, name, parts: [] };
    this.pending.parts.push(text);
    this.timer ??= setTimeout(() => {
      this.flush();
    }, FLUSH_MS);
  }

  /** Sends what is waiting. Called before any other message, so that the order is kept. */
  flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    const { pending } = this;
    this.pending = undefined;
    if (pending) this.publish(pending.request, pending.name, pending.parts.join(""));
  }
}
