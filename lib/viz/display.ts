import { DISPLAY, type Displayable, kernelHost, type MimeBundle } from "../core/host";
import type { DisplayOptions } from "../core/host";
import { tf } from "../engine/tf";
import { escapeHtml } from "./html";
import { Figure, type FigureSpec } from "./figure";
import { ImageGrid, type ImageGridOptions } from "./image-grid";
import { encodePng } from "./png";

/** Gives a value's forms, or undefined for a value that is none of its business. */
export type Formatter = (value: unknown) => MimeBundle | undefined;

/** The kernel asks the formatters of this global list about a cell's last expression. */
const FORMATTERS = Symbol.for("latentlab.formatters");
/** And the describers of this one about a variable that the reader points at. */
const DESCRIBERS = Symbol.for("latentlab.describers");

/** Images of a batch shown without being asked for. */
const MAX_IMAGES = 64;
const MAX_IMAGE_SIDE = 512;

function isFigureSpec(value: unknown): value is FigureSpec {
  if (typeof value !== "object" || value === null) return false;
  const { data, layout } = value as Partial<Record<"data" | "layout", unknown>>;
  const traces = Array.isArray(data) && data.every((t) => typeof t === "object" && t !== null);
  return traces && typeof layout === "object" && layout !== null;
}

/** Smallest and greatest value; NaN if there is one. */
function extent(tensor: tf.Tensor): readonly [number, number] {
  return tf.tidy(() => {
    const numbers = tensor.toFloat();
    return [numbers.min().dataSync()[0] as number, numbers.max().dataSync()[0] as number] as const;
  });
}

type Extent = ReturnType<typeof extent>;

/** The range of a tensor that looks like images in [0, 1] or [−1, 1]. */
function imageRange(
  { shape }: tf.Tensor,
  [min, max]: Extent,
): ImageGridOptions["range"] | undefined {
  const [, height = 0, width = 0, channels = 0] = shape;
  const imageLike =
    shape.length === 4 &&
    [1, 3, 4].includes(channels) &&
    Math.min(height, width) >= 4 &&
    Math.max(height, width) <= MAX_IMAGE_SIDE &&
    min >= -1.001 &&
    max <= 1.001;
  if (!imageLike) return undefined;
  return min < 0 ? [-1, 1] : [0, 1];
}

function tensorImages(tensor: tf.Tensor, values: Extent): MimeBundle {
  const range = imageRange(tensor, values);
  if (range === undefined) return {};
  const first = tensor.slice([0], [Math.min(tensor.shape[0] as number, MAX_IMAGES)]);
  const { pixels } = new ImageGrid(first, { range });
  first.dispose();
  return { "image/png": encodePng(pixels).toString("base64") };
}

/** Shape and dtype, and where there are such the range of values. */
function headOf(tensor: tf.Tensor): { readonly text: string; readonly values?: Extent } {
  const head = `Tensor ${tensor.dtype} [${tensor.shape.join(", ")}]`;
  if (tensor.isDisposed) return { text: `${head}, disposed` };
  const isNumeric = tensor.dtype !== "string" && tensor.dtype !== "complex64";
  if (tensor.size === 0 || !isNumeric) return { text: head };
  const values = extent(tensor);
  const [min, max] = values.map((value) => value.toPrecision(4));
  return { text: tensor.size > 1 ? `${head}, values in [${min}, ${max}]` : head, values };
}

/** Shape, dtype, range and values of a tensor; image batches as pictures. */
function formatTensor(value: unknown): MimeBundle | undefined {
  if (!(value instanceof tf.Tensor)) return undefined;
  const { text: head, values } = headOf(value);
  if (value.isDisposed) return { "text/plain": head };
  if (values === undefined) return { "text/plain": `${head}\n${value.toString()}` };
  const text = value.size <= 10_000 ? `${head}\n${value.toString()}` : head;
  const picture = tensorImages(value, values);
  const caption = "image/png" in picture ? head : text;
  return { "text/html": tensorHtml(caption, picture), ...picture, "text/plain": text };
}

/** A tensor in a line of text; it says too whether it is a batch of images. */
function describeTensor(value: unknown): string | undefined {
  if (!(value instanceof tf.Tensor)) return undefined;
  const { text, values } = headOf(value);
  const range = values && imageRange(value, values);
  if (range === undefined) return text;
  const [count, height, width] = value.shape;
  return `${text}: ${count} images of ${height} × ${width}, black ${range[0]}, white ${range[1]}`;
}

function tensorHtml(text: string, picture: MimeBundle): string {
  const png = picture["image/png"];
  const image = typeof png === "string" ? `<img src="data:image/png;base64,${png}">` : "";
  return `<pre>${escapeHtml(text)}</pre>${image}`;
}

function formatFigure(value: unknown): MimeBundle | undefined {
  return isFigureSpec(value) ? new Figure(value)[DISPLAY]() : undefined;
}

const OURS: readonly Formatter[] = [formatTensor, formatFigure];

function isDisplayable(value: unknown): value is Displayable {
  return typeof value === "object" && value !== null && DISPLAY in value;
}

/** Make the kernel show tensors and plain Plotly figures; polars frames show themselves. Idempotent. */
export function registerFormatters(): void {
  register(FORMATTERS, OURS);
  register(DESCRIBERS, [describeTensor]);
}

function register(key: symbol, functions: readonly unknown[]): void {
  const list = ((globalThis as Record<symbol, unknown>)[key] ??= []) as unknown[];
  for (const each of functions) if (!list.includes(each)) list.push(each);
}

function formatKnown(value: unknown): MimeBundle | undefined {
  for (const formatter of OURS) {
    const bundle = formatter(value);
    if (bundle !== undefined) return bundle;
  }
  return undefined;
}

/**
 * Show a value from inside a cell: a figure, image grid, table, tensor, polars frame, or anything
 * with a `Symbol.for("Jupyter.display")` method. Without a kernel, prints its text.
 *
 * @example display(curves({ … })); display(table(rows));
 */
export function display(value: unknown, options?: DisplayOptions): void {
  const bundle = isDisplayable(value) ? value[DISPLAY]() : formatKnown(value);
  const host = kernelHost();
  const send = (forms: MimeBundle): void => {
    if (host !== undefined) host.display(forms, options);
    else console.log(forms["text/plain"] ?? String(value));
  };
  if (bundle instanceof Promise) {
    bundle.then(send, (error: unknown) => {
      send({ "text/plain": `This value cannot show itself: ${String(error)}` });
    });
  } else send(bundle ?? { "text/plain": String(value) });
}

// A notebook that imports the library sees its values at once.
registerFormatters();
