import { strict as assert } from "node:assert";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { get, type IncomingHttpHeaders } from "node:http";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { REPOSITORY } from "./fake-course";

const ADDRESS = /^JupyterLab: (http:\/\/127\.0\.0\.1:(\d+)(\/\S*)\?token=([0-9a-f]{48}))$/m;

/** The real JupyterLab of this course folder; `npm run setup` has been run before. */
describe("F26 JupyterLab as npm start runs it", function () {
  this.timeout(60_000);
  let child: ChildProcess;
  let output = "";
  const seconds = { start: Infinity, answer: Infinity };
  let address = { port: 0, path: "", token: "" };
  const busy = createServer();

  before(async () => {
    busy.listen(0, "127.0.0.1");
    await once(busy, "listening");
    const wanted = (busy.address() as AddressInfo).port;
    const began = performance.now();
    const start = join(REPOSITORY, "kernel", "setup", "start.mjs");
    child = spawn(process.execPath, [start, "--no-browser", "--port", String(wanted)]);
    for (const stream of [child.stdout, child.stderr])
      stream?.on("data", (chunk) => (output += String(chunk)));
    child.stdout?.on("data", (chunk) => {
      if (/\] Device /.test(String(chunk))) seconds.start = (performance.now() - began) / 1000;
    });
    while (!ADDRESS.test(output) && child.exitCode === null) await sleep(20);
    seconds.answer = (performance.now() - began) / 1000;
    const [, , port, path, token] = ADDRESS.exec(output) ?? [];
    assert.ok(port && path && token, output);
    address = { port: Number(port), path, token };
  });

  after(async () => {
    busy.close();
    if (child.exitCode !== null) return;
    child.kill("SIGTERM");
    await once(child, "exit");
  });

  function request(path: string, headers: Record<string, string> = {}): Promise<Answer> {
    const options = { host: "127.0.0.1", port: address.port, path, headers };
    return new Promise((resolve, reject) => {
      get(options, (response) => {
        let body = "";
        response.on("data", (chunk) => (body += String(chunk)));
        response.on("end", () =>
          resolve({ status: response.statusCode ?? 0, body, headers: response.headers }),
        );
      })
        .on("upgrade", ({ headers }, socket) => {
          socket.destroy();
          resolve({ status: 101, body: "", headers });
        })
        .on("error", reject);
    });
  }

  it("comes to JupyterLab's start within 5 s when everything is in place", () => {
    assert.ok(seconds.start < 5, `${seconds.start.toFixed(1)} s:\n${output}`);
    // JupyterLab's own start takes 1.5 s on a machine with nothing else to do.
    assert.ok(seconds.answer < 20, `${seconds.answer.toFixed(1)} s:\n${output}`);
  });

  it("takes another port when the wanted one is busy, and says which", () => {
    const wanted = (busy.address() as AddressInfo).port;
    assert.notEqual(address.port, wanted);
    assert.match(output, RegExp(`Port ${wanted} is in use; JupyterLab took ${address.port}\\.`));
  });

  it("lists our kernel, as the default, to who has the token", async () => {
    const { status, body } = await request(`/api/kernelspecs?token=${address.token}`);
    assert.equal(status, 200);
    const specs = JSON.parse(body) as Record<string, Record<string, { spec: Spec }>>;
    assert.equal(specs["default"], "latentlab");
    assert.equal(specs["kernelspecs"]?.["latentlab"]?.spec.display_name, "LatentLab (TypeScript)");
    assert.equal(specs["kernelspecs"]["latentlab"].spec.interrupt_mode, "message");
  });

  it("serves the course folder and opens on the notebooks", async () => {
    const { body } = await request(`/api/contents/kernel?token=${address.token}`);
    assert.match(body, /kernel\/setup/);
    const page = await request(`${address.path}?token=${address.token}`);
    assert.equal(page.status, 200);
  });

  it("refuses who has no token or a wrong one", async () => {
    for (const path of [
      "/api/kernelspecs",
      "/api/contents",
      `/api/contents?token=${"0".repeat(48)}`,
    ])
      assert.equal((await request(path)).status, 403, path);
    const page = await request("/lab");
    assert.equal(page.status, 302);
    assert.match(page.headers.location ?? "", /\/login/);
  });

  it("refuses another Host, and a channel opened from another Origin", async () => {
    const path = `/api/kernelspecs?token=${address.token}`;
    assert.equal((await request(path, { Host: "evil.example" })).status, 403);
    const handshake = {
      Upgrade: "websocket",
      Connection: "Upgrade",
      "Sec-WebSocket-Version": "13",
      "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    };
    // A page elsewhere has no token; it would ride on the cookies of a reader who is logged in.
    const page = await request(`${address.path}?token=${address.token}`);
    const cookies = page.headers["set-cookie"]?.map((text) => text.split(";")[0]).join("; ") ?? "";
    const channel = "/api/events/subscribe";
    const foreign = { ...handshake, Cookie: cookies, Origin: "http://evil.example" };
    assert.equal((await request(channel, foreign)).status, 403);
    const own = { ...foreign, Origin: `http://127.0.0.1:${address.port}` };
    assert.equal((await request(channel, own)).status, 101);
  });

  it("listens on the loopback address only", () => {
    if (process.platform !== "linux") return;
    const listening = 0x0a;
    const port = address.port.toString(16).toUpperCase().padStart(4, "0");
    const sockets = ["/proc/net/tcp", "/proc/net/tcp6"]
      .flatMap((file) => readFileSync(file, "utf8").split("\n"))
      .map((line) => line.trim().split(/\s+/))
      .filter(
        ([, local, , state]) => local?.endsWith(`:${port}`) && Number(`0x${state}`) === listening,
      );
    assert.deepEqual(
      sockets.map(([, local]) => local),
      [`0100007F:${port}`],
    );
  });

  it("keeps the token out of its arguments, its environment and the logs", () => {
    const logs = join(REPOSITORY, ".latentlab", "logs");
    for (const name of readdirSync(logs))
      assert.ok(!readFileSync(join(logs, name), "utf8").includes(address.token), name);
    const rest = output.replace(ADDRESS, "");
    assert.ok(!rest.includes(address.token), "printed once only");
    if (process.platform !== "linux") return;
    for (const pid of childrenOf(child.pid ?? 0)) {
      for (const file of ["cmdline", "environ"])
        assert.ok(!readFileSync(`/proc/${pid}/${file}`, "utf8").includes(address.token), file);
    }
  });

  it("ends with its server when it is interrupted", async () => {
    const children = childrenOf(child.pid ?? 0);
    child.kill("SIGINT");
    const [code] = (await once(child, "exit")) as [number];
    assert.equal(code, 0);
    await assert.rejects(request("/api"), /ECONNREFUSED/);
    for (const pid of children) assert.throws(() => process.kill(pid, 0), /ESRCH/);
    const runtime = join(REPOSITORY, ".latentlab", "jupyter", "runtime");
    assert.deepEqual(
      readdirSync(runtime).filter((name) => children.some((pid) => name.includes(`-${pid}`))),
      [],
    );
  });
});

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly headers: IncomingHttpHeaders;
}

interface Spec {
  readonly display_name: string;
  readonly interrupt_mode: string;
}

/** Linux only: empty elsewhere. */
function childrenOf(pid: number): number[] {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim();
    return text === "" ? [] : text.split(" ").map(Number);
  } catch {
    return [];
  }
}
