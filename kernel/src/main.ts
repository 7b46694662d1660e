// The kernel's process: node --no-force-async-hooks-checks main.js CONNECTION_FILE
import { join, resolve } from "node:path";
import { Worker } from "node:worker_threads";

import type { FrontSetup } from "./threads/channel";
import { SharedState } from "./threads/shared-state";

function main(connectionFile: string | undefined): void {
  if (connectionFile === undefined) {
    process.stderr.write("usage: node --no-force-async-hooks-checks main.js CONNECTION_FILE\n");
    process.exit(2);
  }
  const state = new SharedState();
  const setup: FrontSetup = {
    connectionFile: resolve(connectionFile),
    shared: state.buffer as SharedArrayBuffer,
  };
  const front = new Worker(join(__dirname, "front", "front.js"), { workerData: setup });
  const { exit, stderr } = process;
  const complain = stderr.write.bind(stderr);
  front.on("error", (error) => {
    complain(`The kernel's front has failed: ${error.stack ?? error.message}\n`);
    exit.call(process, 1);
  });
  // The front answers Jupyter while TypeScript is being loaded here.
  void import("./kernel").then(({ Kernel }) => new Kernel(front, state));
}

main(process.argv[2]);
