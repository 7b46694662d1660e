// @ts-check
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { course, pythonEnvironment } from "./course.mjs";
import { readJson } from "./files.mjs";
import { SetupProblem } from "./problem.mjs";

/** @typedef {import("./options.mjs").Options} Options */

/**
 * Start JupyterLab on the course and stay until it ends. Ctrl-C ends it, kernels included.
 * @param {Options} options
 * @param {(address: string) => void} onReady called when it answers
 * @returns {Promise<number>} exit code
 */
export async function runJupyterLab(options, onReady) {
  const runtime = join(course.jupyterHome, "runtime");
  mkdirSync(runtime, { recursive: true, mode: 0o700 });
  const tokenFile = join(runtime, `token-${process.pid}`);
  const token = process.env["JUPYTER_TOKEN"] || randomBytes(24).toString("hex");
  // A file, since arguments and the environment of kernels can be read by others.
  writeFileSync(tokenFile, token, { mode: 0o600 });
  const child = spawn(course.pythonExe, ["-m", "jupyterlab", ...serverArguments(options)], {
    cwd: course.root,
    env: serverEnvironment(tokenFile, runtime),
    stdio: ["ignore", "inherit", "inherit"],
    // Out of reach of the terminal's Ctrl-C: a second signal would cut its shutdown short.
    detached: true,
  });
  /** @type {Promise<number>} */
  const ended = new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve(code ?? 1));
  });
  let stopping = false;
  /** @type {NodeJS.Signals[]} */
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"];
  const stop = () => {
    stopping = true;
    child.kill("SIGTERM");
  };
  signals.forEach((signal) => process.on(signal, stop));
  const started = await waitForServer(child, join(runtime, `jpserver-${child.pid}.json`));
  rmSync(tokenFile, { force: true });
  if (started === undefined && !stopping) throw notStarted(options);
  if (started !== undefined) {
    if (started.port !== options.port) sayOtherPort(options.port, started.port);
    onReady(`http://${hostOf(options.ip)}:${started.port}${startPage()}?token=${token}`);
  }
  const code = await ended;
  return stopping ? 0 : code;
}

/**
 * Jupyter writes a note about itself once it listens.
 * @param {import("node:child_process").ChildProcess} child
 * @param {string} note
 * @returns {Promise<{ port: number } | undefined>} undefined if it ended before
 */
async function waitForServer(child, note) {
  while (child.exitCode === null && child.signalCode === null) {
    const info = readJson(note);
    if (info !== undefined) return info;
    await sleep(50);
  }
  return undefined;
}

/** @returns {string} the course's notebooks, as a path of JupyterLab */
function startPage() {
  return existsSync(course.notebooks) ? "/lab/tree/notebooks" : "/lab";
}

/** @param {string} ip */
function hostOf(ip) {
  if (ip === "0.0.0.0") return "127.0.0.1";
  return ip.includes(":") ? `[${ip}]` : ip;
}

/**
 * @param {Options} options
 * @returns {string[]}
 */
function serverArguments({ ip, port, browser }) {
  return [
    `--ServerApp.ip=${ip}`,
    `--ServerApp.port=${port}`,
    `--ServerApp.open_browser=${browser ? "True" : "False"}`,
    `--ServerApp.root_dir=${course.root}`,
    `--LabApp.default_url=${startPage()}`,
    "--Application.log_level=WARN",
    "--MultiKernelManager.default_kernel_name=latentlab",
    // A course folder and a loopback address: being root (containers, CI) adds no exposure.
    ...(process.getuid?.() === 0 ? ["--ServerApp.allow_root=True"] : []),
    "--LabApp.extension_manager=readonly",
    "--LanguageServerManager.autodetect=False",
  ];
}

/**
 * Jupyter's own folders are in the project: nothing in a person's home folder changes the course,
 * and a home folder that cannot be written to is no obstacle.
 * @param {string} tokenFile
 * @param {string} runtime
 */
function serverEnvironment(tokenFile, runtime) {
  /** @type {NodeJS.ProcessEnv} */
  const environment = {
    ...pythonEnvironment(),
    JUPYTER_TOKEN_FILE: tokenFile,
    JUPYTER_RUNTIME_DIR: runtime,
    JUPYTER_CONFIG_DIR: join(course.jupyterHome, "config"),
    JUPYTER_DATA_DIR: join(course.jupyterHome, "data"),
    IPYTHONDIR: join(course.jupyterHome, "ipython"),
  };
  delete environment["JUPYTER_TOKEN"];
  return environment;
}

/**
 * @param {number} wanted
 * @param {number} taken
 */
function sayOtherPort(wanted, taken) {
  process.stdout.write(`Port ${wanted} is in use; JupyterLab took ${taken}.\n`);
}

/** @param {Options} options */
function notStarted({ ip, port }) {
  return new SetupProblem(
    `JupyterLab did not start on ${ip}:${port}.`,
    "read its message above; `npm run doctor` checks the installation.",
  );
}
