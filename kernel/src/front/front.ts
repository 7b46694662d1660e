// The front thread: it owns the sockets, so Jupyter is answered while a cell blocks its own thread.
import { Session } from "node:inspector";
import { parentPort, workerData } from "node:worker_threads";

import type { FrontSetup, ToCells, ToFront } from "../threads/channel";
import { SharedState } from "../threads/shared-state";
import { Desk } from "./desk";
import { openSockets } from "./sockets";
import { readConnection, Wire } from "./wire";

const PARENT_CHECK_MS = 1_000;

async function main(): Promise<void> {
  const port = parentPort;
  if (!port) throw new Error("The front runs only as a worker thread of the kernel.");
  const { connectionFile, shared } = workerData as FrontSetup;
  const connection = readConnection(connectionFile);
  const inspector = new Session();
  inspector.connectToMainThread();
  const sockets = await openSockets(connection);
  const desk = new Desk({
    wire: new Wire(connection),
    state: new SharedState(shared),
    sockets,
    send: (order: ToCells) => {
      port.postMessage(order);
    },
    terminate: () => {
      inspector.post("Runtime.terminateExecution");
    },
    disconnect: () => {
      inspector.disconnect();
    },
  });
  port.on("message", (message: ToFront) => {
    desk.hear(message);
  });
  exitWithParent();
  desk.announceStart();
  await Promise.all([desk.serve(sockets.shell), desk.serve(sockets.control), sockets.beat()]);
}

/** A kernel whose Jupyter server was killed must not stay behind. */
function exitWithParent(): void {
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid !== parent) process.kill(process.pid, "SIGKILL");
  }, PARENT_CHECK_MS).unref();
}

main().catch((error: unknown) => {
  process.nextTick(() => {
    throw error;
  });
});
