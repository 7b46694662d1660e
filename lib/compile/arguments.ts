import { isRecord } from "../core/structure";
import type { SeedSource } from "../engine/tracing";
import { tf } from "../engine/tf";
import { CompileError } from "./session";

/** The tensors and generators among the arguments, and a key for everything else about them. */
export interface Leaves {
  readonly tensors: tf.Tensor[];
  readonly sources: SeedSource[];
  /** Equal for arguments that the same graph serves. */
  readonly signature: string;
}

export function leavesOf(args: readonly unknown[]): Leaves {
  const tensors: tf.Tensor[] = [];
  const sources: SeedSource[] = [];
  const description = JSON.stringify(args, function (this: unknown, key: string, value: unknown) {
    // JSON.stringify has called toJSON by now; the original is still in the holder.
    const original = (this as Record<string, unknown>)[key] ?? value;
    if (original instanceof tf.Tensor) {
      tensors.push(original);
      return `tensor ${original.dtype} [${original.shape.join()}]`;
    }
    if (isSeedSource(original)) return `generator ${sources.push(original)}`;
    if (original === undefined) return "undefined";
    refuseForeign(original);
    return original;
  });
  return { tensors, sources, signature: description };
}

function isSeedSource(value: unknown): value is SeedSource {
  return typeof value === "object" && value !== null && "state" in value && "advance" in value;
}

function refuseForeign(value: unknown): void {
  const isObject = typeof value === "object" && value !== null;
  if (!isObject && typeof value !== "function") return;
  if (Array.isArray(value) || isRecord(value)) return;
  const name = isObject ? (value as object).constructor.name : "a function";
  throw new CompileError(
    `A compiled function was given ${name}: it takes tensors, generators, numbers, texts, ` +
      `booleans, and arrays and records of them.`,
    "Let the function refer to it from outside instead.",
  );
}
