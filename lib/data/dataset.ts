import { DataFormatError, ValueError } from "../core/errors";
import { assertInteger, assertSizes } from "../core/guard";
import { DISPLAY, type Displayable, type MimeBundle } from "../core/host";
import { Rng } from "../core/random";

/** Height, width, channels. */
export type ImageShape = readonly [height: number, width: number, channels: number];

/** Where a data set comes from, for captions, result tables and licences. */
export interface Provenance {
  /** A sentence: what the data are and who made them. */
  readonly source: string;
  readonly license: string;
  /** SHA-256 of each file's unpacked content; none for generated data. */
  readonly files: readonly { readonly name: string; readonly sha256: string }[];
}

export interface ImageDatasetFields {
  readonly name: string;
  /** `count` images one after another, NHWC: bytes 0…255, or floats in [0, 1]. */
  readonly images: Uint8Array | Float32Array;
  readonly imageShape: ImageShape;
  /** One class of 0…K−1 per image. */
  readonly labels?: Int32Array;
  /** The K names. */
  readonly classNames?: readonly string[];
  readonly provenance: Provenance;
}

export type SplitOptions = {
  /** How many examples to hold out of training. */
  readonly heldOut: number;
  /** Which ones: by chance under this seed; without one the last `heldOut` of the set. */
  readonly seed?: number;
};

/** Images and labels on the host. Immutable by convention: parts share memory with the whole. */
export class ImageDataset implements Displayable {
  readonly name: string;
  readonly images: Uint8Array | Float32Array;
  readonly imageShape: ImageShape;
  readonly labels: Int32Array | undefined;
  readonly classNames: readonly string[] | undefined;
  readonly provenance: Provenance;
  /** Number of images. */
  readonly count: number;

  /** @throws DataFormatError if sizes disagree, a label has no class, or a float is not in [0, 1] */
  constructor(fields: ImageDatasetFields) {
    const { name, images, imageShape, labels, classNames, provenance } = fields;
    this.name = name;
    this.images = images;
    this.imageShape = imageShape;
    this.labels = labels;
    this.classNames = classNames;
    this.provenance = provenance;
    this.count = images.length / this.pixelsPerImage;
    this.check();
  }

  get pixelsPerImage(): number {
    return this.imageShape[0] * this.imageShape[1] * this.imageShape[2];
  }

  /** One line for people, e.g. "MNIST test: 10000 images of 28×28×1 in 10 classes". */
  describe(): string {
    const classes = this.classNames === undefined ? "" : ` in ${this.classNames.length} classes`;
    return `${this.name}: ${this.count} images of ${this.imageShape.join("×")}${classes}`;
  }

  [DISPLAY](): MimeBundle {
    const { source, license } = this.provenance;
    return { "text/plain": `${this.describe()}\n${source} (${license})` };
  }

  /** Images `start`…`end`−1 in file order. @throws ValueError */
  slice(start: number, end: number): ImageDataset {
    assertInteger("ImageDataset.slice", "start", start, 0);
    assertInteger("ImageDataset.slice", "end", end, start + 1);
    if (end > this.count) {
      throw new ValueError(
        `ImageDataset.slice: ${this.name} has ${this.count} images, not ${end}.`,
      );
    }
    const size = this.pixelsPerImage;
    const images = this.images.subarray(start * size, end * size);
    return this.with(images, this.labels?.subarray(start, end));
  }

  /** The first `n` images. @throws ValueError */
  take(n: number): ImageDataset {
    return this.slice(0, n);
  }

  /** The images with these indices, copied, in this order. @throws ValueError */
  select(ids: Int32Array): ImageDataset {
    const size = this.pixelsPerImage;
    const length = ids.length * size;
    const isBytes = this.images instanceof Uint8Array; // a Buffer too
    const chosen = isBytes ? new Uint8Array(length) : new Float32Array(length);
    ids.forEach((id, i) => {
      assertInteger("ImageDataset.select", "id", id, 0);
      if (id >= this.count) throw new ValueError(`${this.name} has no image ${id}.`);
      chosen.set(this.images.subarray(id * size, (id + 1) * size), i * size);
    });
    return this.with(
      chosen,
      this.labels && ids.map((id) => (this.labels as Int32Array)[id] as number),
    );
  }

  /** Two disjoint parts that together are the whole. @throws ValueError */
  split({ heldOut, seed }: SplitOptions): { train: ImageDataset; heldOut: ImageDataset } {
    assertInteger("ImageDataset.split", "heldOut", heldOut);
    assertInteger("ImageDataset.split", `images left of ${this.count}`, this.count - heldOut);
    const kept = this.count - heldOut;
    if (seed === undefined) {
      return { train: this.slice(0, kept), heldOut: this.slice(kept, this.count) };
    }
    const order = new Rng(seed).permutation(this.count);
    return {
      train: this.select(order.subarray(0, kept)),
      heldOut: this.select(order.subarray(kept)),
    };
  }

  private with(images: Uint8Array | Float32Array, labels: Int32Array | undefined): ImageDataset {
    const { name, imageShape, classNames, provenance } = this;
    return new ImageDataset({ name, images, imageShape, labels, classNames, provenance });
  }

  private check(): void {
    const { name, images, imageShape, labels, classNames, count } = this;
    assertSizes(name, "imageShape", imageShape);
    if (
      imageShape.length !== 3 ||
      !(images instanceof Uint8Array || images instanceof Float32Array)
    ) {
      throw new DataFormatError(
        `${name}: expected a Uint8Array or Float32Array of images [height, width, channels], ` +
          `found ${String((images as object).constructor.name)} and [${imageShape.join(", ")}].`,
      );
    }
    if (!Number.isInteger(count) || count < 1) {
      throw new DataFormatError(
        `${name}: ${images.length} pixels are no whole number of ${imageShape.join("×")} images.`,
      );
    }
    if (labels !== undefined && labels.length !== count) {
      throw new DataFormatError(`${name}: ${count} images but ${labels.length} labels.`);
    }
    const classes = classNames?.length ?? Infinity;
    const stray = labels?.find((label) => label < 0 || label >= classes);
    if (stray !== undefined) {
      throw new DataFormatError(`${name}: label ${stray} is not one of ${classes} classes.`);
    }
    if (images instanceof Float32Array && !images.every((pixel) => pixel >= 0 && pixel <= 1)) {
      throw new DataFormatError(`${name}: float pixels must lie in [0, 1] and be finite.`);
    }
  }
}
