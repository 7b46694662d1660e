import { type ChildProcessByStdio, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";

/** What can be timed: a framework and one way to use it. */
export interface Contestant {
  readonly name: string;
  readonly command: readonly string[];
  readonly mode: string;
  readonly env?: Readonly<Record<string, string>>;
}

const python = resolve(process.env["BENCH_PYTHON"] ?? ".latentlab/bench-python/bin/python");

function pythonPeer(script: string): readonly string[] {
  return [python, resolve("bench/peers", script)];
}

const own = [process.execPath, resolve(".build/bench/own-peer.js")] as const;

/** Ours first: ratios are ours divided by theirs. */
export const CONTESTANTS: readonly Contestant[] = [
  { name: "LatentLab compiled", command: own, mode: "compiled" },
  { name: "LatentLab XLA", command: own, mode: "compiled", env: { LATENTLAB_XLA: "1" } },
  { name: "LatentLab eager", command: own, mode: "eager" },
  { name: "PyTorch eager", command: pythonPeer("torch_peer.py"), mode: "eager" },
  { name: "PyTorch channels-last", command: pythonPeer("torch_peer.py"), mode: "channels_last" },
  { name: "PyTorch compile", command: pythonPeer("torch_peer.py"), mode: "compile" },
  { name: "TensorFlow function", command: pythonPeer("tf_peer.py"), mode: "function" },
  { name: "TensorFlow XLA", command: pythonPeer("tf_peer.py"), mode: "xla" },
  { name: "JAX jit", command: pythonPeer("jax_peer.py"), mode: "jit" },
];

export interface CheckResult {
  readonly losses: readonly number[];
  readonly weights: number;
  readonly ema: number | null;
}

export interface StepTimes {
  readonly ms: readonly number[];
  readonly peakRss: number;
}

/** A running peer: one JSON request a line, one JSON answer a line. */
export class Peer {
  private readonly child: ChildProcessByStdio<Writable, Readable, Readable>;
  private readonly answers: AsyncIterator<string>;
  private errors = "";

  constructor({ command, env }: Pick<Contestant, "command" | "env">, threads: number) {
    const [program, ...args] = command as [string, ...string[]];
    const count = String(threads);
    this.child = spawn(program, args, {
      stdio: ["pipe", "pipe", "pipe"],
      env: { ...process.env, ...env, BENCH_THREADS: count, LATENTLAB_THREADS: count },
    });
    this.child.on("error", (error) => (this.errors += error.message));
    this.child.stdin.on("error", () => undefined); // reported when the answer is missing
    this.child.stderr.on("data", (text) => (this.errors = `${this.errors}${text}`.slice(-2000)));
    this.answers = createInterface({ input: this.child.stdout })[Symbol.asyncIterator]();
  }

  info(): Promise<{ framework: string; version: string; modes: string[] }> {
    return this.ask({ do: "info" });
  }

  check(work: string): Promise<CheckResult> {
    return this.ask({ do: "check", work });
  }

  prepare(work: string, mode: string): Promise<{ seconds: number }> {
    return this.ask({ do: "prepare", work, mode });
  }

  step(count: number): Promise<StepTimes> {
    return this.ask({ do: "step", count });
  }

  close(): void {
    this.child.kill("SIGKILL");
  }

  private async ask<T>(request: object): Promise<T> {
    this.child.stdin.write(`${JSON.stringify(request)}\n`);
    const { value, done } = await this.answers.next();
    if (done === true) {
      throw new Error(this.errors.trim().split("\n").at(-1) ?? "the peer ended without an answer");
    }
    return JSON.parse(value) as T;
  }
}

/** Why a contestant cannot take part, or undefined if it can. */
export async function absence(contestant: Contestant): Promise<string | undefined> {
  const [program] = contestant.command as [string];
  if (!existsSync(program)) return `there is no ${program}`;
  const peer = new Peer(contestant, 1);
  try {
    await peer.info();
    return undefined;
  } catch (error) {
    return (error as Error).message;
  } finally {
    peer.close();
  }
}
