import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { EventEmitter, once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

import { type Connection, type Header, Wire } from "latentlab-kernel/dist/front/wire";
import { Dealer, Subscriber } from "zeromq";

export type Content = Record<string, unknown>;

const KERNEL = resolve("kernel", "dist", "main.js");

/** One message that the kernel published while a request was handled. */
export interface Published {
  readonly kind: string;
  readonly content: Content;
}

/** What came of a cell. */
export interface Executed {
  readonly reply: Content;
  readonly published: readonly Published[];
  readonly stdout: string;
  readonly stderr: string;
  readonly milliseconds: number;
}

interface Exchange {
  readonly started: number;
  readonly published: Published[];
  reply: Content | undefined;
  idle: boolean;
  settle(): void;
}

export interface ClientOptions {
  /** The notebook's folder. Default: the project's. */
  readonly cwd?: string;
  readonly node?: string;
}

/** A Jupyter client for tests: starts the kernel of this checkout and talks to it. */
export class KernelClient {
  private readonly exchanges = new Map<string, Exchange>();
  /** Published for no request of ours, or after its exchange was over. */
  readonly late: { readonly parent: string; readonly message: Published }[] = [];
  private readonly messages = new EventEmitter();
  /** What the process wrote by itself, outside the protocol. */
  native = "";

  private constructor(
    readonly process: ChildProcess,
    private readonly wire: Wire,
    private readonly sockets: { shell: Dealer; control: Dealer; iopub: Subscriber },
    private readonly folder: string,
  ) {
    void this.listen(sockets.shell);
    void this.listen(sockets.control);
    void this.watch();
    for (const stream of [process.stdout, process.stderr]) {
      stream?.on("data", (data: Buffer) => (this.native += data.toString()));
    }
  }

  /** Starts a kernel and waits until it answers and its output arrives. */
  static async start({
    cwd = process.cwd(),
    node = process.execPath,
  }: ClientOptions = {}): Promise<KernelClient> {
    const folder = mkdtempSync(join(tmpdir(), "latentlab-kernel-"));
    const connection = await freeConnection();
    const file = join(folder, "connection.json");
    writeFileSync(file, JSON.stringify(connection));
    const args = ["--no-force-async-hooks-checks", KERNEL, file];
    const child = spawn(node, args, { cwd, stdio: ["ignore", "pipe", "pipe"] });
    const sockets = { shell: new Dealer(), control: new Dealer(), iopub: new Subscriber() };
    sockets.iopub.receiveHighWaterMark = 0;
    sockets.iopub.subscribe();
    for (const name of ["shell", "control", "iopub"] as const) {
      sockets[name].linger = 0;
      sockets[name].connect(`tcp://127.0.0.1:${String(connection[`${name}_port`])}`);
    }
    const client = new KernelClient(child, new Wire(connection), sockets, folder);
    // The subscription may take effect after the first answer: ask until its status comes along.
    for (;;) {
      const info = client.request("kernel_info_request", {});
      const timeout = new Promise((resolve) => setTimeout(resolve, 100));
      if (await Promise.race([info.then(() => true), timeout.then(() => false)])) return client;
    }
  }

  /** Sends any request; resolves with the reply's content once the kernel is idle again. */
  async request(kind: string, content: Content, channel?: "control"): Promise<Content> {
    return (await this.exchange(kind, content, channel)).reply;
  }

  /** Runs a cell. `options` are further fields of the execute request. */
  run(code: string, options: Content = {}): Promise<Executed> {
    const defaults = { silent: false, store_history: true, stop_on_error: true };
    return this.exchange("execute_request", { code, ...defaults, ...options });
  }

  /** Resolves when a cell prints this text. */
  async prints(text: string): Promise<void> {
    for (;;) {
      const [{ kind, content }] = (await once(this.messages, "published")) as [Published];
      if (kind === "stream" && String(content["text"]).includes(text)) return;
    }
  }

  /** Sends a message that has no reply. */
  tell(kind: string, content: Content): void {
    this.post(kind, content);
  }

  /** Resolves with the next message of this kind. */
  async hears(kind: string): Promise<Content> {
    for (;;) {
      const [published] = (await once(this.messages, "published")) as [Published];
      if (published.kind === kind) return published.content;
    }
  }

  interrupt(): Promise<Content> {
    return this.request("interrupt_request", {}, "control");
  }

  /** Shuts the kernel down. @returns its exit code. */
  async close(): Promise<number | null> {
    const exited = this.process.exitCode ?? this.process.signalCode ?? once(this.process, "exit");
    if (this.process.exitCode === null && this.process.signalCode === null) {
      this.post("shutdown_request", { restart: false }, "control");
    }
    await exited;
    for (const socket of Object.values(this.sockets)) socket.close();
    rmSync(this.folder, { recursive: true, force: true });
    return this.process.exitCode;
  }

  private exchange(kind: string, content: Content, channel?: "control"): Promise<Executed> {
    return new Promise((resolve) => {
      const id = this.post(kind, content, channel);
      const exchange: Exchange = {
        started: performance.now(),
        published: [],
        reply: undefined,
        idle: false,
        settle: () => {
          if (!exchange.reply || !exchange.idle) return;
          this.exchanges.delete(id);
          const { reply, published, started } = exchange;
          const text = (name: string): string => streamText(published, name);
          const milliseconds = performance.now() - started;
          resolve({
            reply,
            published,
            stdout: text("stdout"),
            stderr: text("stderr"),
            milliseconds,
          });
        },
      };
      this.exchanges.set(id, exchange);
    });
  }

  private post(kind: string, content: Content, channel: "shell" | "control" = "shell"): string {
    const frames = this.wire.encode({ kind, json: JSON.stringify(content), parent: undefined });
    const header = JSON.parse(String(frames[2])) as Header;
    void this.sockets[channel].send(frames);
    return header.msg_id;
  }

  private async listen(socket: Dealer): Promise<void> {
    for await (const frames of socket) {
      const exchange = this.exchanges.get(parentOf(frames));
      if (!exchange) continue;
      exchange.reply = this.wire.decode(frames).content;
      exchange.settle();
    }
  }

  private async watch(): Promise<void> {
    for await (const frames of this.sockets.iopub) {
      const { header, content } = this.wire.decode(frames);
      const parent = parentOf(frames);
      const exchange = this.exchanges.get(parent);
      const message = { kind: header.msg_type, content };
      this.messages.emit("published", message);
      if (!exchange) {
        this.late.push({ parent, message });
        continue;
      }
      exchange.published.push(message);
      if (message.kind === "status" && content["execution_state"] === "idle") {
        exchange.idle = true;
        exchange.settle();
      }
    }
  }
}

function parentOf(frames: readonly Buffer[]): string {
  const delimiter = frames.findIndex((frame) => frame.toString() === "<IDS|MSG>");
  return (JSON.parse(String(frames[delimiter + 3])) as Partial<Header>).msg_id ?? "";
}

function streamText(published: readonly Published[], name: string): string {
  return published
    .filter(({ kind, content }) => kind === "stream" && content["name"] === name)
    .map(({ content }) => String(content["text"]))
    .join("");
}

async function freeConnection(): Promise<Connection> {
  const servers = await Promise.all(
    Array.from({ length: 5 }, async () => {
      const server = createServer().listen(0, "127.0.0.1");
      await once(server, "listening");
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => once(server.close(), "close")));
  const [shell_port, control_port, iopub_port, stdin_port, hb_port] = ports as [
    number,
    number,
    number,
    number,
    number,
  ];
  return {
    transport: "tcp",
    ip: "127.0.0.1",
    ...{ shell_port, control_port, iopub_port, stdin_port, hb_port },
    key: randomUUID(),
    signature_scheme: "hmac-sha256",
  };
}
