import type { Outbox } from "./outbox";
import type { Message, Wire } from "./wire";

/** One request of a client, with the means to answer it. */
export class Client {
  constructor(
    private readonly message: Message,
    private readonly wire: Wire,
    private readonly socket: Outbox,
    private readonly iopub: Outbox,
  ) {}

  get kind(): string {
    return this.message.header.msg_type;
  }

  get content(): Readonly<Record<string, unknown>> {
    return this.message.content;
  }

  reply(kind: string, json: string): void {
    const { header: parent, identities } = this.message;
    this.socket.post(this.wire.encode({ kind, json, parent, identities }));
  }

  /** Sends to everybody who watches this kernel; the topic is what ZeroMQ subscribers filter by. */
  publish(kind: string, json: string): void {
    const parent = this.message.header;
    this.iopub.post(this.wire.encode({ kind, json, parent, identities: [kind] }));
  }

  status(state: "busy" | "idle"): void {
    this.publish("status", JSON.stringify({ execution_state: state }));
  }
}
