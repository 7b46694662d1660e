// @ts-check
import { spawn, spawnSync } from "node:child_process";
import { createWriteStream, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { course } from "./course.mjs";
import { SetupProblem } from "./problem.mjs";
import { identity, readIdentity } from "./processes.mjs";

/**
 * @typedef {object} Tool a program that a step runs
 * @property {string} name the name of its log, e.g. "npm"
 * @property {readonly [string, ...string[]]} command program and arguments
 * @property {NodeJS.ProcessEnv} [env]
 * @property {string} failed the sentence shown when it fails, without its full stop
 * @property {string} fix
 */

const NO_SPACE = /ENOSPC|No space left on device|Disk quota exceeded/i;
const NO_NETWORK =
  /ENOTFOUND|EAI_AGAIN|ENETUNREACH|ETIMEDOUT|ECONNREFUSED|ECONNRESET|NewConnectionError|NameResolution|Temporary failure in name|Max retries exceeded|ConnectTimeout|ReadTimeout|Network is unreachable|ProxyError/i;

/** Identity of the tool that is running, so that the next set-up can end it after a kill -9. */
const RUNNING = join(course.local, "running-tool");

/**
 * Run a program to its end, with its output in .latentlab/logs. It gets a process group of its
 * own: a signal to set-up ends the group.
 * @param {Tool} tool
 * @param {(line: string) => void} [onLine] called with its latest line, for progress
 * @returns {Promise<void>}
 * @throws {SetupProblem} if it fails
 */
export async function run(tool, onLine = () => undefined) {
  const [program, ...args] = tool.command;
  const logPath = join(course.logs, `${tool.name}.log`);
  mkdirSync(course.logs, { recursive: true });
  mkdirSync(course.temp, { recursive: true });
  const child = spawn(program, args, {
    cwd: course.root,
    env: { ...(tool.env ?? process.env), TMPDIR: course.temp },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  const { pid } = child;
  if (pid !== undefined) writeFileSync(RUNNING, identity(pid));
  const endGroup = () => pid !== undefined && killGroup(pid);
  process.once("exit", endGroup);
  const log = createWriteStream(logPath);
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (/** @type {string} */ text) => {
      log.write(text);
      output += text;
      const line = text
        .trim()
        .split(/[\r\n]+/)
        .at(-1);
      if (line) onLine(line);
    });
  }
  /** @type {string | undefined} undefined if all went well */
  const failure = await new Promise((resolve) => {
    child.on("error", (error) => resolve(String(error)));
    child.on("close", (code, signal) => resolve(code === 0 ? undefined : `${signal ?? ""}`));
  });
  process.off("exit", endGroup);
  rmSync(RUNNING, { force: true });
  log.end();
  if (failure !== undefined) throw toolProblem(tool, `${output}\n${failure}`.trim(), logPath);
}

/**
 * The sentence for a failed tool: disk and network have their own.
 * @param {Tool} tool
 * @param {string} output
 * @param {string} logPath
 */
function toolProblem({ failed, fix, command }, output, logPath) {
  if (NO_SPACE.test(output)) {
    const what = `${failed}: the disk is full.`;
    return new SetupProblem(what, "free about 3 GB and run the command again.");
  }
  if (NO_NETWORK.test(output)) {
    const what = `${failed}: the package index cannot be reached.`;
    const remedy =
      "check the network or the proxy, then run the command again; it goes on from here.";
    return new SetupProblem(what, remedy);
  }
  const last = output.split("\n").slice(-15).join("\n");
  return new SetupProblem(`${failed}.`, fix, {
    details: `${last}\n(all of the output: ${logPath}; the command: ${command.join(" ")})`,
  });
}

/** End the tool that a killed set-up left running: it would write where the next one writes. */
export async function endOrphanedTool() {
  const orphan = readIdentity(RUNNING);
  if (orphan?.alive) killGroup(orphan.pid);
  for (let turns = 0; turns < 50 && readIdentity(RUNNING)?.alive; turns++) await sleep(100);
  rmSync(RUNNING, { force: true });
}

/** @param {number} pid leader of the group */
function killGroup(pid) {
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // it has ended
  }
}

/**
 * The output of a quick question to a program, or undefined if it is absent or fails.
 * @param {string} program
 * @param {string[]} args
 * @param {number} [timeout] milliseconds
 * @returns {string | undefined}
 */
export function ask(program, args, timeout = 20_000) {
  const { status, stdout } = spawnSync(program, args, { encoding: "utf8", timeout });
  return status === 0 ? stdout.trim() : undefined;
}
