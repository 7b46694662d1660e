import { strict as assert } from "node:assert";

import { core, tf, type viz } from "latentlab";

export const PLOTLY_MIME = "application/vnd.plotly.v1+json";

/** Text that would run if it were taken for markup. */
export const HOSTILE = `<img src=x onerror="alert(1)"> & <script>alert(1)</script>`;

/** What the kernel would show of a cell's last expression. */
export function shown(value: unknown): core.MimeBundle {
  const own = (value as Partial<core.Displayable> | null)?.[core.DISPLAY];
  if (own !== undefined) return own.call(value as core.Displayable) as core.MimeBundle;
  const list = (globalThis as Record<symbol, unknown>)[Symbol.for("latentlab.formatters")];
  for (const formatter of list as viz.Formatter[]) {
    const bundle = formatter(value);
    if (bundle !== undefined) return bundle;
  }
  return {};
}

/** Pixels of a PNG in base64, by TensorFlow's decoder. */
export function decode(base64: unknown): { shape: number[]; pixels: number[] } {
  return tf.tidy(() => {
    const image = tf.node.decodePng(Buffer.from(base64 as string, "base64"), 0);
    return { shape: image.shape, pixels: [...image.dataSync()] };
  });
}

/** Hostile text is in no form of the output as markup. */
export function assertNoMarkup(bundle: core.MimeBundle): void {
  for (const type of ["text/html", "image/svg+xml"]) {
    const text = String(bundle[type] ?? "");
    assert.ok(!/<script|<img src=x|<[^>]*\sonerror/i.test(text), `${type}: ${text}`);
  }
}
