import type { MimeBundle } from "latentlab/dist/core/host";
import { inspect } from "node:util";

export type { MimeBundle };

/** Shows a value of a kind that the kernel does not know, or returns undefined for another's. */
export type DisplayFormatter = (value: unknown) => MimeBundle | undefined;

const DISPLAY = Symbol.for("Jupyter.display");
const FORMATTERS = Symbol.for("latentlab.formatters");

/**
 * The forms in which a value is shown: its own `[Symbol.for("Jupyter.display")]()`, else the first
 * formatter of `globalThis[Symbol.for("latentlab.formatters")]` that knows it, else text. A fault in
 * either never costs the result: the text is shown.
 */
export async function toBundle(value: unknown): Promise<MimeBundle> {
  const text = { "text/plain": textOf(value) };
  try {
    const rich = (await ownBundle(value)) ?? formatted(value);
    return rich ? { ...text, ...encodeBytes(rich) } : text;
  } catch {
    return text;
  }
}

/** Bytes become base64, the form in which Jupyter carries images. */
export function encodeBytes(bundle: MimeBundle): MimeBundle {
  const entries = Object.entries(bundle).map(([type, data]) => [
    type,
    data instanceof Uint8Array ? Buffer.from(data).toString("base64") : data,
  ]);
  return Object.fromEntries(entries) as MimeBundle;
}

export function textOf(value: unknown): string {
  try {
    return inspect(value, { depth: 4 });
  } catch {
    return Object.prototype.toString.call(value);
  }
}

async function ownBundle(value: unknown): Promise<MimeBundle | undefined> {
  if ((typeof value !== "object" && typeof value !== "function") || value === null)
    return undefined;
  const show = (value as { [DISPLAY]?: unknown })[DISPLAY];
  if (typeof show !== "function") return undefined;
  const bundle: unknown = await show.call(value);
  return typeof bundle === "object" && bundle !== null ? (bundle as MimeBundle) : undefined;
}

function formatted(value: unknown): MimeBundle | undefined {
  const formatters = (globalThis as Record<symbol, unknown>)[FORMATTERS];
  if (!Array.isArray(formatters)) return undefined;
  for (const format of formatters as DisplayFormatter[]) {
    const bundle = format(value);
    if (bundle) return bundle;
  }
  return undefined;
}
