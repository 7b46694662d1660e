import { Publisher, Reply, Router } from "zeromq";

import { Outbox } from "./outbox";
import type { Connection } from "./wire";

/** A socket that takes requests, with its outgoing queue. */
export interface Door {
  readonly requests: AsyncIterable<Buffer[]>;
  readonly outbox: Outbox;
}

export interface Sockets {
  readonly shell: Door;
  readonly control: Door;
  readonly iopub: Outbox;
  /** Echoes heartbeats until the sockets are closed. */
  beat(): Promise<void>;
  close(): Promise<void>;
}

/** Binds the five sockets of a kernel. */
export async function openSockets(connection: Connection): Promise<Sockets> {
  // 0: no limit. ZeroMQ drops what lies beyond its limit without a word, and a cell can print a lot.
  const iopub = new Publisher({ sendHighWaterMark: 0, linger: 1_000 });
  const shell = new Router({ linger: 1_000 });
  const control = new Router({ linger: 1_000 });
  const stdin = new Router();
  const heartbeat = new Reply();
  const all = [iopub, shell, control, stdin, heartbeat];
  const { iopub_port, shell_port, control_port, stdin_port, hb_port } = connection;
  const ports = [iopub_port, shell_port, control_port, stdin_port, hb_port];
  const separator = connection.transport === "ipc" ? "-" : ":";
  await Promise.all(
    all.map((socket, i) =>
      socket.bind(`${connection.transport}://${connection.ip}${separator}${String(ports[i])}`),
    ),
  );
  const doors = [shell, control].map((socket) => ({
    requests: socket as AsyncIterable<Buffer[]>,
    outbox: new Outbox(socket),
  })) as [Door, Door];
  const iopubBox = new Outbox(iopub);
  return {
    shell: doors[0],
    control: doors[1],
    iopub: iopubBox,
    async beat() {
      for await (const frames of heartbeat) await heartbeat.send(frames);
    },
    async close() {
      await Promise.all([...doors.map(({ outbox }) => outbox.flushed()), iopubBox.flushed()]);
      for (const socket of all) socket.close();
    },
  };
}
