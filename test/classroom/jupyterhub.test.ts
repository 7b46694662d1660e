import { strict as assert } from "node:assert";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import type { Browser } from "playwright-core";

import { classroomTools } from "../../scripts/classroom";
import { writeKernelspec } from "../../scripts/notebooks/kernelspec";
import { findBrowser, launchBrowser } from "../support/browser";
import { LabPage } from "../support/lab-page";

/** Our configuration, but anybody may log in, and students have their homes in a folder of ours. */
const config = (folder: string, share: string, ports: readonly number[]): string => `
load_subconfig(${JSON.stringify(resolve("classroom", "jupyterhub_config.py"))})
c.JupyterHub.authenticator_class = "dummy"
c.JupyterHub.spawner_class = "simple"
c.SimpleLocalProcessSpawner.home_dir_template = ${JSON.stringify(join(folder, "{username}"))}
c.JupyterHub.bind_url = "http://127.0.0.1:${ports[0]}"
c.JupyterHub.hub_port = ${ports[1]}
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:${ports[2]}"
c.Spawner.args = ["--allow-root"]
c.Spawner.environment = {**c.Spawner.environment, "JUPYTER_PATH": ${JSON.stringify(share)}}
`;

/** What bob has made of notebook 01 before this lesson. */
const BOBS_WORK = "{}";

describe("JupyterHub with two students", function () {
  this.timeout(240_000);
  let folder: string;
  let share: string;
  let hub: ChildProcess;
  let browser: Browser;
  let address: string;
  let log = "";

  before(async function () {
    const chromium = findBrowser();
    if (chromium === undefined) return this.skip();
    const bin = await classroomTools();
    folder = mkdtempSync(join(tmpdir(), "latentlab-hub-"));
    share = writeKernelspec();
    const ports = await freePorts(3);
    address = `http://127.0.0.1:${ports[0]}`;
    writeFileSync(join(folder, "config.py"), config(folder, share, ports));
    hub = spawn(join(bin, "jupyterhub"), ["-f", "config.py"], {
      cwd: folder,
      env: { ...process.env, PATH: `${bin}:${process.env["PATH"] ?? ""}` },
      stdio: ["ignore", "ignore", "pipe"],
      detached: true,
    });
    hub.stderr?.on("data", (chunk) => (log += String(chunk)));
    mkdirSync(dirname(own("bob")), { recursive: true });
    writeFileSync(own("bob"), BOBS_WORK);
    await answering(`${address}/hub/login`);
    browser = await launchBrowser(chromium);
  });

  after(async () => {
    await browser?.close();
    if (hub?.exitCode === null && hub.pid !== undefined) {
      process.kill(-hub.pid, "SIGINT");
      await once(hub, "exit");
    }
    for (const path of [folder, share]) if (path) rmSync(path, { recursive: true });
  });

  const own = (student: string): string => join(folder, student, "latentlab", "01-vae-elbo.ipynb");

  async function answering(url: string): Promise<void> {
    for (let waited = 0; waited < 60_000; waited += 250) {
      if (hub.exitCode !== null) break;
      const answer = await fetch(url).catch(() => undefined);
      if (answer?.ok) return;
      await sleep(250);
    }
    throw new Error(`JupyterHub does not answer:\n${log}`);
  }

  for (const student of ["ada", "bob"]) {
    it(`${student} logs in, finds the notebooks, and runs a cell in our kernel`, async () => {
      const page = await (await browser.newContext()).newPage();
      await page.goto(`${address}/hub/login?next=/hub/user-redirect/lab/tree/00-start.ipynb`);
      await page.locator("#username_input").fill(student);
      await page.locator("#password_input").fill("any");
      await page.locator("#login_submit").click();
      await page.waitForURL(/\/lab\/tree\//, { timeout: 60_000 });
      const lab = await LabPage.open(page, page.url());
      await lab.run(1);
      await lab.waitForEnd(1);
      assert.match(await lab.text(1), /TensorFlow \S+ on the cpu/);
      await lab.screenshot(join(".build", "screenshots", `jupyterhub-${student}.png`));
    });
  }

  it("gives each the notebooks, and leaves what they had", () => {
    const given = (student: string): string => readFileSync(own(student), "utf8");
    assert.equal(given("ada"), readFileSync("notebooks/01-vae-elbo.ipynb", "utf8"));
    assert.equal(given("bob"), BOBS_WORK);
  });
});

/** Ports that nobody listens on now. */
async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, "127.0.0.1"));
  await Promise.all(servers.map((server) => once(server, "listening")));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((done) => server.close(done))));
  return ports;
}
