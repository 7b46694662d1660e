import type { ExecuteOrder, Outcome, RequestId } from "../threads/channel";
import type { History } from "./history";
import type { Client } from "./client";

interface Waiting {
  readonly client: Client;
  readonly request: RequestId;
}

/** Cells wait here and run one at a time; after an error the waiting ones are dropped. */
export class CellQueue {
  private readonly waiting: Waiting[] = [];
  private running: Waiting | undefined;
  private count = 0;

  constructor(
    private readonly history: History,
    private readonly run: (order: ExecuteOrder) => void,
  ) {}

  /** The request whose cell is running, or 0. */
  get runningRequest(): RequestId {
    return this.running?.request ?? 0;
  }

  add(request: RequestId, client: Client): void {
    this.waiting.push({ client, request });
    this.next();
  }

  /** @param json the content of the `execute_reply`. */
  executed(request: RequestId, outcome: Outcome, json: string): void {
    if (this.running?.request !== request) return;
    const { client } = this.running;
    this.running = undefined;
    client.reply("execute_reply", json);
    client.status("idle");
    const stopOnError = client.content["stop_on_error"] !== false;
    if (outcome === "interrupted" || (outcome === "error" && stopOnError)) this.dropWaiting();
    this.next();
  }

  private dropWaiting(): void {
    for (const { client } of this.waiting.splice(0)) {
      client.status("busy");
      client.reply("execute_reply", JSON.stringify({ status: "aborted" }));
      client.status("idle");
    }
  }

  private next(): void {
    if (this.running) return;
    this.running = this.waiting.shift();
    if (!this.running) return;
    const { client, request } = this.running;
    const code = String(client.content["code"] ?? "");
    const silent = client.content["silent"] === true;
    client.status("busy");
    if (!silent && client.content["store_history"] !== false) {
      this.count += 1;
      this.history.add(this.count, code);
    }
    if (!silent) {
      client.publish("execute_input", JSON.stringify({ code, execution_count: this.count }));
    }
    const userExpressions = (client.content["user_expressions"] ?? {}) as Record<string, string>;
    this.run({ type: "execute", request, count: this.count, code, silent, userExpressions });
  }
}
