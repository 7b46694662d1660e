/** A socket that takes one message at a time. */
export interface SendingSocket {
  send(frames: (Buffer | string)[]): Promise<void>;
}

/** Sends messages in order, one after the other, and loses none. */
export class Outbox {
  private readonly waiting: (Buffer | string)[][] = [];
  private draining: Promise<void> | undefined;

  constructor(private readonly socket: SendingSocket) {}

  post(frames: (Buffer | string)[]): void {
    this.waiting.push(frames);
    this.draining ??= this.drain();
  }

  /** Resolves when everything posted so far has been handed to the socket. */
  async flushed(): Promise<void> {
    await this.draining;
  }

  private async drain(): Promise<void> {
    // An index, not shift(): 20,000 waiting messages would be moved 20,000 times.
    for (let next = 0; next < this.waiting.length; next++) {
      try {
        await this.socket.send(this.waiting[next] ?? []);
      } catch {
        // The client that this was for is gone (EHOSTUNREACH): nobody is left to tell.
      }
    }
    this.waiting.length = 0;
    this.draining = undefined;
  }
}
