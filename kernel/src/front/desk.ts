import type { Question, RequestId, ToCells, ToFront } from "../threads/channel";
import type { SharedState } from "../threads/shared-state";
import { CellQueue } from "./cell-queue";
import { Client } from "./client";
import { History } from "./history";
import { Interrupter } from "./interrupter";
import { KERNEL_INFO } from "./kernel-info";
import { OpenComms } from "./open-comms";
import type { Door, Sockets } from "./sockets";
import { Streams } from "./streams";
import type { Wire } from "./wire";

export interface DeskParts {
  readonly wire: Wire;
  readonly state: SharedState;
  readonly sockets: Sockets;
  /** Gives an order to the cell thread. */
  send(order: ToCells): void;
  /** Ends the JavaScript that the cell thread runs at this moment. */
  terminate(): void;
  /** Lets go of the cell thread before the end. */
  disconnect(): void;
}

/** Longest time that a cell gets to save its work when the kernel is shut down. */
const SHUTDOWN_MS = 3_000;
const EXIT_MS = 500;

/** Takes the requests of clients, answers what it can and passes the rest to the cell thread. */
export class Desk {
  private readonly clients = new Map<RequestId, Client>();
  private readonly queue: CellQueue;
  private readonly history = new History();
  private readonly comms = new OpenComms();
  private readonly interrupter: Interrupter;
  private readonly streams: Streams;
  private lastRequest: RequestId = 0;

  constructor(private readonly parts: DeskParts) {
    this.queue = new CellQueue(this.history, parts.send);
    this.interrupter = new Interrupter(parts.state, {
      order: parts.send,
      terminate: parts.terminate,
    });
    this.streams = new Streams((request, name, text) => {
      this.publish(request, "stream", JSON.stringify({ name, text }));
    });
  }

  announceStart(): void {
    this.publish(0, "status", JSON.stringify({ execution_state: "starting" }));
  }

  /** Handles the requests that come through a door until its socket is closed. */
  async serve({ requests, outbox }: Door): Promise<void> {
    const { wire, sockets } = this.parts;
    for await (const frames of requests) {
      let client: Client;
      try {
        client = new Client(wire.decode(frames), wire, outbox, sockets.iopub);
      } catch {
        continue; // Unsigned or torn: from nobody who may speak to this kernel.
      }
      this.receive(client);
    }
  }

  /** Handles what the cell thread says. */
  hear(message: ToFront): void {
    if (message.type === "stream") {
      this.streams.write(message.request, message.name, message.text);
      return;
    }
    this.streams.flush();
    switch (message.type) {
      case "publish":
        if (message.kind === "comm_close") {
          this.comms.note(message.kind, JSON.parse(message.json) as Client["content"]);
        }
        this.publish(message.request, message.kind, message.json);
        break;
      case "executed":
        this.interrupter.ended();
        this.queue.executed(message.request, message.outcome, message.json);
        break;
      case "answer":
        this.answer(message.request, message.json);
        break;
      case "interrupted-by-signal":
        this.interrupter.press(this.queue.runningRequest);
        break;
      case "goodbye":
        void this.leave();
        break;
    }
  }

  private receive(client: Client): void {
    if (client.kind === "execute_request") {
      this.queue.add(this.register(client), client);
      return;
    }
    client.status("busy");
    switch (client.kind) {
      case "complete_request":
      case "inspect_request":
      case "is_complete_request":
        this.ask(client);
        return; // Idle follows with the answer.
      case "kernel_info_request":
        client.reply("kernel_info_reply", JSON.stringify(KERNEL_INFO));
        break;
      case "history_request":
        client.reply("history_reply", JSON.stringify(this.history.reply(client.content)));
        break;
      case "comm_info_request":
        client.reply("comm_info_reply", JSON.stringify(this.comms.reply(client.content)));
        break;
      case "comm_open":
      case "comm_msg":
      case "comm_close":
        this.comms.note(client.kind, client.content);
        this.parts.send({ type: "comm", kind: client.kind, content: client.content });
        break;
      case "interrupt_request":
        client.reply("interrupt_reply", JSON.stringify({ status: "ok" }));
        this.interrupter.press(this.queue.runningRequest);
        break;
      case "shutdown_request":
        this.shutDown(client);
        break;
      default:
        this.refuse(client);
    }
    client.status("idle");
  }

  private register(client: Client): RequestId {
    this.lastRequest += 1;
    this.clients.set(this.lastRequest, client);
    return this.lastRequest;
  }

  private ask(client: Client): void {
    const about = client.kind.replace(/_request$/, "") as Question["about"];
    const request = this.register(client);
    this.parts.send({ type: "question", request, about, content: client.content });
  }

  private answer(request: RequestId, json: string): void {
    const client = this.clients.get(request);
    this.clients.delete(request);
    client?.reply(client.kind.replace(/_request$/, "_reply"), json);
    client?.status("idle");
  }

  private publish(request: RequestId, kind: string, json: string): void {
    const client = this.clients.get(request);
    if (client) client.publish(kind, json);
    else {
      const { wire, sockets } = this.parts;
      sockets.iopub.post(wire.encode({ kind, json, parent: undefined, identities: [kind] }));
    }
  }

  private refuse(client: Client): void {
    if (!client.kind.endsWith("_request")) return;
    const evalue = `This kernel does not know ${client.kind}.`;
    const content = { status: "error", ename: "NotImplementedError", evalue, traceback: [] };
    client.reply(client.kind.replace(/_request$/, "_reply"), JSON.stringify(content));
  }

  private shutDown(client: Client): void {
    const json = JSON.stringify({ status: "ok", restart: client.content["restart"] === true });
    client.reply("shutdown_reply", json);
    client.publish("shutdown_reply", json);
    this.parts.send({ type: "shutdown" });
    // A cell that blocks its thread cannot say goodbye.
    setTimeout(() => void this.leave(), SHUTDOWN_MS);
  }

  /** Sends what is queued and ends the process. */
  private async leave(): Promise<void> {
    this.parts.disconnect();
    await this.parts.sockets.close();
    this.parts.send({ type: "exit" });
    // From a worker process.exit() ends only this thread, and the other one may be blocked for good.
    setTimeout(() => process.kill(process.pid, "SIGKILL"), EXIT_MS);
  }
}
