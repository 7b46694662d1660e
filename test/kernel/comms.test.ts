import { strict as assert } from "node:assert";

import { KernelClient } from "../support/kernel-client";

describe("kernel: comms", () => {
  let kernel: KernelClient;
  before(async () => (kernel = await KernelClient.start()));
  after(() => kernel.close());

  it("carries what a page and the code of cells say to each other, also while a cell waits", async () => {
    const comm = { comm_id: "1" };
    await kernel.run(`const host = globalThis[Symbol.for("latentlab.kernel")];
const closed = new Promise((done) => host.serve("echo", (comm) => ({
  message: (data) => comm.send({ heard: data }),
  closed: () => done("closed by the page"),
})));`);
    const waiting = kernel.run("await closed");
    kernel.tell("comm_open", { ...comm, target_name: "echo", data: {} });
    kernel.tell("comm_msg", { ...comm, data: { word: 7 } });
    const answer = await kernel.hears("comm_msg");
    assert.deepEqual(answer, { ...comm, data: { heard: { word: 7 } } });
    const open = await kernel.request("comm_info_request", {});
    assert.deepEqual(open["comms"], { 1: { target_name: "echo" } });
    kernel.tell("comm_close", { ...comm, data: {} });
    assert.match(JSON.stringify((await waiting).published), /closed by the page/);
    assert.deepEqual((await kernel.request("comm_info_request", {}))["comms"], {});
    kernel.tell("comm_open", { comm_id: "2", target_name: "nobody", data: {} });
    assert.equal((await kernel.hears("comm_close"))["comm_id"], "2");
    assert.deepEqual((await kernel.request("comm_info_request", {}))["comms"], {});
  });
});
