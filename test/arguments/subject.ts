import { strict as assert } from "node:assert";

import { core, tf } from "latentlab";

import type { Argument, Draw, Fault } from "./argument";

/** An exported function with one set of right arguments. */
export interface Subject {
  readonly args: readonly Argument[];
  readonly call: (...args: never[]) => unknown;
}

/** The entry of a function in the table. */
export function takes<A extends unknown[]>(
  call: (...args: A) => unknown,
  ...args: Argument[]
): Subject {
  return { args, call };
}

/** The entry of a class: its constructor. */
export function constructs<A extends never[]>(
  Kind: new (...args: A) => unknown,
  ...args: Argument[]
): Subject {
  return { args, call: (...values) => new Kind(...(values as unknown as A)) };
}

/** A fault and which argument it is in. */
export interface PlacedFault extends Fault {
  readonly at: number;
}

export function faultsOf({ args }: Subject): PlacedFault[] {
  return args.flatMap(({ faults }, at) => faults.map((fault) => ({ ...fault, at })));
}

/** The same function with its fixtures made; `free` disposes of them. */
export function withFixtures({ args, call }: Subject): { ready: Subject; free: () => void } {
  const made: unknown[] = [];
  const ready = args.map((argument) => {
    if (!argument.isFixture) return argument;
    const value = argument.valid();
    made.push(value);
    return { ...argument, valid: () => value };
  });
  return { ready: { args: ready, call }, free: () => release(made) };
}

/** Free every tensor in a value: tensors, lists and records of them, and what has `dispose`. */
export function release(value: unknown): void {
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return;
  if (value instanceof tf.Tensor) {
    if (!value.isDisposed) value.dispose();
  } else if ("dispose" in value && typeof value.dispose === "function") value.dispose();
  else if (value instanceof Map) value.forEach(release);
  else if (Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype) {
    Object.values(value).forEach(release);
  }
}

/** The right arguments do their work, and nothing stays behind. */
export async function acceptsRightArguments({ args, call }: Subject): Promise<void> {
  const before = tf.memory().numTensors;
  const values = args.map((argument) => argument.valid());
  const result = await call(...(values as never[]));
  release(values.filter((_, i) => !args[i]?.isFixture));
  release(result);
  assert.equal(tf.memory().numTensors - before, 0, "tensors leaked");
}

/** A wrong argument is refused by one of our errors, before any kernel runs, leaving nothing. */
export async function refuses(
  { args, call }: Subject,
  fault: PlacedFault,
  draw: Draw,
): Promise<void> {
  const before = tf.memory().numTensors;
  const values = args.map((argument, i) => (i === fault.at ? fault.make(draw) : argument.valid()));
  const counter = countKernels();
  let result: unknown;
  let error: unknown;
  try {
    result = await call(...(values as never[]));
  } catch (thrown) {
    error = thrown;
  } finally {
    counter.stop();
  }
  release(values.filter((_, i) => !args[i]?.isFixture));
  release(result);
  const where = `argument ${fault.at + 1}, ${fault.what}`;
  assert.ok(error !== undefined, `${where}: accepted`);
  assert.ok(error instanceof core.LatentLabError, `${where}: ${String(error)}`);
  if (!fault.isLate) assert.deepEqual(counter.kernels, [], `${where}: kernels ran first`);
  assert.equal(tf.memory().numTensors - before, 0, `${where}: tensors leaked`);
}

/** Every kernel of tfjs that runs until `stop`. */
function countKernels(): { readonly kernels: string[]; stop(): void } {
  const engine = tf.engine();
  const kernels: string[] = [];
  const runKernel = engine.runKernel.bind(engine);
  engine.runKernel = (name, ...rest) => {
    kernels.push(name);
    return runKernel(name, ...rest);
  };
  return {
    kernels,
    stop: () => {
      engine.runKernel = runKernel;
    },
  };
}
