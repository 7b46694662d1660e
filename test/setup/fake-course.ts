import { type ChildProcess, spawn } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

export const REPOSITORY = dirname(dirname(dirname(__dirname)));
export const ADDON = "node_modules/@tensorflow/tfjs-node-gpu/lib/napi-v8/tfjs_binding.node";
const TOOLS = { npm: "npm", python3: "python", "c++": "compiler" };

export interface Outcome {
  readonly code: number | null;
  readonly output: string;
}

/**
 * A copy of set-up in a course folder of its own, whose path has a space and letters beyond ASCII.
 * PATH holds only fake tools.
 */
export class FakeCourse {
  readonly root = mkdtempSync(join(tmpdir(), "latentlab Übung "));
  readonly #bin = join(this.root, "bin");

  constructor() {
    for (const part of ["setup", "labextension", "nbconvert"]) {
      const copy = join(this.root, "kernel", part);
      cpSync(join(REPOSITORY, "kernel", part), copy, { recursive: true });
    }
    const packages = {
      tslab: "1.0.22",
      "plotly.js-dist": "4.1.1",
      typescript: "5.9.3",
      "@tensorflow/tfjs-node-gpu": "4.22.0",
    };
    const locked = Object.entries(packages).map(([name, version]) => [
      `node_modules/${name}`,
      { version },
    ]);
    this.write("package-lock.json", { packages: Object.fromEntries(locked) as unknown });
    this.write("package.json", { devDependencies: { typescript: "5.9.3" } });
    this.write("lib/index.ts", "export {};");
    mkdirSync(this.#bin);

    for (const [name, tool] of Object.entries(TOOLS)) this.addTool(name, tool);
  }

  addTool(name: string, tool: string): void {
    const fake = join(__dirname, "fake-tools.js");
    const text = `#!/bin/sh\nexec '${process.execPath}' '${fake}' ${tool} "$0" "$@"\n`;
    writeFileSync(join(this.#bin, name), text, { mode: 0o755 });
  }

  addProgram(name: string, script: string): void {
    writeFileSync(join(this.#bin, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  }

  removeTool(name: string): void {
    rmSync(join(this.#bin, name));
  }

  write(path: string, content: unknown): void {
    mkdirSync(dirname(join(this.root, path)), { recursive: true });
    const text = typeof content === "string" ? content : JSON.stringify(content);
    writeFileSync(join(this.root, path), text);
  }

  read(path: string): string {
    return readFileSync(join(this.root, path), "utf8");
  }

  json(path: string): unknown {
    return JSON.parse(this.read(path));
  }

  has(path: string): boolean {
    return existsSync(join(this.root, path));
  }

  /** Which tools were run for work (questions for a version are left out), e.g. `["npm ci"]`. */
  work(): string[] {
    if (!this.has("calls.log")) return [];
    const calls = this.read("calls.log").trim().split("\n");
    return calls
      .map((line) => JSON.parse(line) as string[])
      .filter(([, first]) => first !== "--version" && first !== "-c")
      .map((call) => call.join(" "));
  }

  forgetWork(): void {
    rmSync(join(this.root, "calls.log"), { force: true });
  }

  /** Start set-up, or another script of it. `nodeOptions` come before the script. */
  start(environment: Record<string, string> = {}, command: Command = {}): ChildProcess {
    const { script = "start.mjs", args = ["--setup-only"], nodeOptions = [] } = command;
    const path = join(this.root, "kernel", "setup", script);
    return spawn(process.execPath, [...nodeOptions, path, ...args], {
      cwd: this.root,
      env: {
        PATH: this.#bin,
        HOME: this.root,
        FAKE_COURSE: this.root,
        REAL_ADDON: join(REPOSITORY, ADDON),
        ...environment,
      },
    });
  }

  async run(environment: Record<string, string> = {}, command: Command = {}): Promise<Outcome> {
    return outcomeOf(this.start(environment, command));
  }

  /** Kill set-up, and it alone, when the tool of `point` has written half of its first file. */
  async killAt(point: string): Promise<void> {
    const child = this.start({ FAKE_HANG: point });
    while (!this.has("reached")) await sleep(20);
    const ended = outcomeOf(child);
    child.kill("SIGKILL");
    await ended;
  }

  /** Files that only an unfinished set-up leaves. */
  leftovers(): string[] {
    const folders = [".latentlab", dirname(ADDON)].filter((folder) => this.has(folder));
    return folders
      .flatMap((folder) => readdirSync(join(this.root, folder)))
      .filter((name) => /partial|\.old$|lock|running-tool/.test(name));
  }

  /** Something that runs before the script, to change what Node says of the machine. */
  preload(text: string): string[] {
    this.write("preload.cjs", text);
    return ["--require", join(this.root, "preload.cjs")];
  }

  /** Do something while a file or folder is away. */
  async without<Result>(path: string, work: () => Promise<Result>): Promise<Result> {
    const [place, away] = [join(this.root, path), join(this.root, "away")];
    renameSync(place, away);
    try {
      return await work();
    } finally {
      rmSync(place, { recursive: true, force: true });
      renameSync(away, place);
    }
  }

  remove(): void {
    if (this.has("reached")) endIfAlive(Number(this.read("reached")));
    rmSync(this.root, { recursive: true, force: true });
  }
}

/** For tests that failed before set-up ended the tool itself. */
function endIfAlive(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // it has ended
  }
}

interface Command {
  readonly script?: string;
  readonly args?: readonly string[];
  readonly nodeOptions?: readonly string[];
}

/** What a process wrote and how it ended. */
export function outcomeOf(child: ChildProcess): Promise<Outcome> {
  let output = "";
  child.stdout?.on("data", (chunk) => (output += String(chunk)));
  child.stderr?.on("data", (chunk) => (output += String(chunk)));
  // "exit", not "close": an orphaned tool may hold the pipes open.
  return new Promise((resolve) => {
    child.on("exit", (code) => setImmediate(() => resolve({ code, output })));
  });
}
