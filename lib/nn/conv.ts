import { ShapeError, ValueError } from "../core/errors";
import { assertFloats, assertInteger, assertSizes } from "../core/guard";
import type { Rng } from "../core/random";
import { tf } from "../engine/tf";
import { type Initializer, parameter, xavierUniform, zeros } from "./init";
import { Module } from "./module";
import { mapped, type MappedWeight, type WeightMap } from "./weight-map";

/**
 * Pixels added at the border. "same" is TensorFlow's: ⌈size / stride⌉ pixels come out, and an odd
 * pixel of padding goes to the bottom and right. A number is PyTorch's: that many on every side.
 * The two differ at even sizes with stride 2 and an odd kernel.
 */
export type Padding = "same" | "valid" | number;

export type ConvOptions = {
  /** Height and width of the window; 3 unless told. */
  readonly kernelSize?: number;
  readonly stride?: number;
  readonly padding?: Padding;
  readonly useBias?: boolean;
  readonly weightInit?: Initializer;
};

export type Conv2dOptions = ConvOptions & {
  /** Distance between the pixels of a window; 1 unless told. */
  readonly dilation?: number;
  /** What makes the weight in use of the stored one, e.g. `spectralNorm()`. */
  readonly weightMap?: WeightMap;
};

/** Cross-correlation over NHWC pictures. `weight` is `[kernel, kernel, in, out]`. */
export class Conv2d extends Module {
  readonly weight: tf.Variable;
  readonly bias: tf.Variable | undefined;
  readonly kernelSize: number;
  readonly stride: number;
  readonly padding: Padding;
  readonly dilation: number;
  private readonly weightMap: MappedWeight | undefined;

  /** @throws ValueError if a size is not a whole number of at least 1 (padding: at least 0) */
  constructor(
    readonly inChannels: number,
    readonly outChannels: number,
    rng: Rng,
    options: Conv2dOptions = {},
  ) {
    super();
    const { kernelSize = 3, stride = 1, padding = "same", dilation = 1 } = options;
    assertCounts("Conv2d", { inChannels, outChannels, kernelSize, stride, dilation });
    assertPadding("Conv2d", padding);
    [this.kernelSize, this.stride, this.dilation] = [kernelSize, stride, dilation];
    this.padding = padding;
    const { useBias = true, weightInit = xavierUniform } = options;
    this.weight = parameter([kernelSize, kernelSize, inChannels, outChannels], weightInit, rng);
    this.bias = useBias ? parameter([outChannels], zeros, rng) : undefined;
    this.weightMap = options.weightMap?.(this.weight.shape, rng);
  }

  /**
   * @param x `[B, H, W, in]`
   * @returns `[B, H', W', out]`; the caller owns it
   * @throws ShapeError if the channels differ or the picture is smaller than the window
   */
  forward(x: tf.Tensor4D): tf.Tensor4D {
    assertFloats("Conv2d", "x", x, ["B", "H", "W", this.inChannels]);
    this.assertFits(x);
    return tf.tidy(() => {
      const weight = dilate(mapped(this.weight, this.weightMap) as tf.Tensor4D, this.dilation);
      const [input, mode] =
        typeof this.padding === "number"
          ? [padBorder(x, this.padding), "valid" as const] // tfjs-node takes no numbers
          : [x, this.padding];
      const y = tf.conv2d(input, weight, this.stride, mode); // (B, H', W', out)
      return this.bias === undefined ? y : y.add(this.bias);
    });
  }

  private assertFits({ shape: [, height, width] }: tf.Tensor4D): void {
    if (this.padding === "same") return;
    const border = typeof this.padding === "number" ? this.padding : 0;
    const window = (this.kernelSize - 1) * this.dilation + 1;
    if (Math.min(height, width) + 2 * border >= window) return;
    throw new ShapeError(
      `Conv2d: a window of ${window} pixels does not fit into ${height} × ${width} pixels ` +
        `with ${border} added on every side.`,
    );
  }
}

/** The transpose of `Conv2d`: it makes pictures larger. `weight` is `[kernel, kernel, out, in]`. */
export class ConvTranspose2d extends Module {
  readonly weight: tf.Variable;
  readonly bias: tf.Variable | undefined;
  readonly kernelSize: number;
  readonly stride: number;
  readonly padding: Padding;

  /** @throws ValueError if a size is not a whole number of at least 1 (padding: at least 0) */
  constructor(
    readonly inChannels: number,
    readonly outChannels: number,
    rng: Rng,
    options: ConvOptions = {},
  ) {
    super();
    const { kernelSize = 3, stride = 1, padding = "same" } = options;
    assertCounts("ConvTranspose2d", { inChannels, outChannels, kernelSize, stride });
    assertPadding("ConvTranspose2d", padding);
    [this.kernelSize, this.stride, this.padding] = [kernelSize, stride, padding];
    const { useBias = true, weightInit = xavierUniform } = options;
    const shape = [kernelSize, kernelSize, outChannels, inChannels];
    this.weight = parameter(shape, swapChannels(weightInit), rng);
    this.bias = useBias ? parameter([outChannels], zeros, rng) : undefined;
  }

  /**
   * @param x `[B, H, W, in]`
   * @param outputSize [H', W'] if not the largest of those that `Conv2d` makes H × W of; for "same" only
   * @returns `[B, H', W', out]`, H' = stride·H for "same", (H−1)·stride + kernel for "valid", and
   *   2·padding less than that for a number; the caller owns it
   * @throws ShapeError if the channels differ or the padding leaves no pixel; ValueError for an
   *   `outputSize` that `Conv2d` would not make H × W of
   */
  forward(x: tf.Tensor4D, outputSize?: readonly [number, number]): tf.Tensor4D {
    assertFloats("ConvTranspose2d", "x", x, ["B", "H", "W", this.inChannels]);
    const { padding } = this;
    const [height, width] = this.sizesAfter([x.shape[1], x.shape[2]], outputSize);
    if (Math.min(height, width) < 1) {
      throw new ShapeError(`ConvTranspose2d: a padding of ${padding} leaves no pixel.`);
    }
    return tf.tidy(() => {
      const border = typeof padding === "number" ? padding : 0;
      const full = [x.shape[0], height + 2 * border, width + 2 * border, this.outChannels] as const;
      const weight = this.weight as unknown as tf.Tensor4D;
      const mode = padding === "same" ? "same" : "valid";
      const y = tf.conv2dTranspose(x, weight, [...full], this.stride, mode);
      const inner = border === 0 ? y : cropBorder(y, border); // (B, H', W', out)
      return this.bias === undefined ? inner : inner.add(this.bias);
    });
  }

  private sizesAfter(
    sizes: readonly [number, number],
    asked: readonly [number, number] | undefined,
  ): readonly [number, number] {
    if (asked === undefined) return [this.sizeAfter(sizes[0]), this.sizeAfter(sizes[1])];
    assertSizes("ConvTranspose2d", "outputSize", asked);
    const strided = asked.map((size) => Math.ceil(size / this.stride));
    const fits = strided.length === 2 && sizes.every((size, i) => size === strided[i]);
    if (this.padding === "same" && fits) return asked;
    throw new ValueError(
      `ConvTranspose2d: no convolution of stride ${this.stride} and padding ${this.padding} makes ` +
        `${sizes.join(" × ")} pixels of ${asked.join(" × ")}.`,
      'With padding "same" ⌈outputSize / stride⌉ must be the size of x; without it leave it out.',
    );
  }

  private sizeAfter(size: number): number {
    if (this.padding === "same") return size * this.stride;
    const border = this.padding === "valid" ? 0 : this.padding;
    return (size - 1) * this.stride + this.kernelSize - 2 * border;
  }
}

function assertCounts(where: string, sizes: Readonly<Record<string, number>>): void {
  for (const [name, size] of Object.entries(sizes)) assertInteger(where, name, size);
}

function assertPadding(where: string, padding: Padding): void {
  if (padding === "same" || padding === "valid") return;
  if (Number.isSafeInteger(padding) && padding >= 0) return;
  throw new ValueError(
    `${where}: padding must be "same", "valid" or a whole number of at least 0, got ${padding}.`,
  );
}

/** Initialise `[…, out, in]` as if it were `[…, in, out]`, so that the fans are right. */
function swapChannels(init: Initializer): Initializer {
  return ([kernelHeight = 1, kernelWidth = 1, outputs = 1, inputs = 1], rng) =>
    tf.tidy(() => init([kernelHeight, kernelWidth, inputs, outputs], rng).transpose([0, 1, 3, 2]));
}

function padBorder(x: tf.Tensor4D, border: number): tf.Tensor4D {
  return x.pad([
    [0, 0],
    [border, border],
    [border, border],
    [0, 0],
  ]);
}

function cropBorder(x: tf.Tensor4D, border: number): tf.Tensor4D {
  const [batch, height, width, channels] = x.shape;
  const size = [batch, height - 2 * border, width - 2 * border, channels] as const;
  return x.slice([0, border, border, 0], [...size]);
}

/**
 * Spread a kernel by zeros: no backend of tfjs has a gradient for dilated convolutions. It costs
 * dilation² as much as a native one would.
 */
function dilate(weight: tf.Tensor4D, dilation: number): tf.Tensor4D {
  if (dilation === 1) return weight;
  const [height, width, inputs, outputs] = weight.shape;
  const gap = dilation - 1;
  const spread = weight
    .reshape([height, 1, width, 1, inputs * outputs])
    .pad([
      [0, 0],
      [0, gap],
      [0, 0],
      [0, gap],
      [0, 0],
    ])
    .reshape<tf.Tensor4D>([height * dilation, width * dilation, inputs, outputs]);
  const size = [(height - 1) * dilation + 1, (width - 1) * dilation + 1, inputs, outputs] as const;
  return spread.slice([0, 0, 0, 0], [...size]);
}
