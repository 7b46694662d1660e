import { assertInteger, assertOneOf } from "../../core/guard";
import { DISPLAY, type Displayable, type MimeBundle } from "../../core/host";
import { Rng } from "../../core/random";
import type { BatchSource, Tokens } from "../../core/types";
import { tf } from "../../engine/tf";
import { examplesAt, type ImageBatch, type PixelRange, shuffledBatches } from "../batches";
import { ImageDataset } from "../dataset";
import { type Caption, converse, formatCaption } from "./caption";
import { drawObjects } from "./drawing";
import { wordMasks } from "./masks";
import { sampleScene, type Scene, sceneObjects } from "./scene";
import {
  CAPTION_KINDS,
  type CaptionKind,
  captionsOf,
  type CaptionSplit,
  splitHash,
  SPLITS,
} from "./splits";
import { encodeCaptions, MAX_CAPTION_WORDS } from "./vocabulary";

export type CaptionedShapesOptions = {
  readonly split: CaptionSplit;
  /** Number of pictures. */
  readonly count: number;
  /** Height and width in pixels: 16, 32, or any of at least 8. */
  readonly size: number;
  readonly seed: number;
  /** Kinds of captions, each as often; default: all three. */
  readonly kinds?: readonly CaptionKind[];
  /** Only captions for which this holds; default: all. */
  readonly where?: (caption: Caption) => boolean;
};

/** A batch with the token ids of its captions. */
export interface CaptionBatch extends ImageBatch {
  /** `[B, 10]` */
  readonly tokens: Tokens;
}

export interface CaptionBatchSource extends BatchSource {
  at(step: number): CaptionBatch;
}

/** Pictures of shapes with their captions and scenes, on the host. */
export class CaptionedShapes implements Displayable {
  readonly images: ImageDataset;
  readonly captions: readonly string[];

  constructor(
    readonly scenes: readonly Scene[],
    private readonly options: Pick<CaptionedShapesOptions, "split" | "size" | "seed">,
  ) {
    const { split, size, seed } = options;
    this.captions = scenes.map(({ caption }) => formatCaption(caption));
    const pixels = new Uint8Array(scenes.length * size * size * 3);
    scenes.forEach((scene, i) =>
      pixels.set(drawObjects(sceneObjects(scene), size), i * size * size * 3),
    );
    this.images = new ImageDataset({
      name: `captioned shapes, ${split}`,
      images: pixels,
      imageShape: [size, size, 3],
      provenance: {
        source: `Drawn from seed ${seed}; split ${splitHash(split).slice(0, 12)}.`,
        license: "MIT",
        files: [],
      },
    });
  }

  get count(): number {
    return this.scenes.length;
  }

  /** Token ids of these captions `[B, 10]`; the caller owns them. @throws ValueError */
  tokensAt(ids: Int32Array): Tokens {
    return encodeCaptions(this.at(this.captions, ids));
  }

  /**
   * Which pixels each word speaks of `[B, 10, H, W]`, shares in [0, 1], 0 for padding; the caller
   * owns them. @throws ValueError
   */
  masksAt(ids: Int32Array): tf.Tensor4D {
    const { size } = this.options;
    const masks = new Float32Array(ids.length * MAX_CAPTION_WORDS * size * size);
    this.at(this.scenes, ids).forEach((scene, row) => {
      wordMasks(scene, size).forEach((mask, word) =>
        masks.set(mask, (row * MAX_CAPTION_WORDS + word) * size * size),
      );
    });
    return tf.tensor4d(masks, [ids.length, MAX_CAPTION_WORDS, size, size]);
  }

  /** Pictures with these indices and their tokens; the caller owns them. @throws ValueError */
  batchAt(ids: Int32Array, range: PixelRange = "signed"): CaptionBatch {
    return { ...examplesAt(this.images, ids, { range }), tokens: this.tokensAt(ids) };
  }

  [DISPLAY](): MimeBundle {
    return { "text/plain": `${this.images.describe()}\ne.g. "${this.captions[0] ?? ""}"` };
  }

  private at<T>(all: readonly T[], ids: Int32Array): T[] {
    return Array.from(ids, (id) => {
      assertInteger("CaptionedShapes", "id", id, 0);
      assertInteger("CaptionedShapes", `the pictures after ${id}`, all.length - id);
      return all[id] as T;
    });
  }
}

/**
 * Draw captioned pictures. Picture i is a function of (split, kinds, seed, i) alone: a larger `count`
 * adds pictures, another `size` shows the same scenes.
 *
 * @throws ValueError
 */
export function captionedShapes(options: CaptionedShapesOptions): CaptionedShapes {
  const { split, count, size, seed, kinds = CAPTION_KINDS } = options;
  assertOneOf("captionedShapes", "split", split, SPLITS);
  assertInteger("captionedShapes", "count", count);
  assertInteger("captionedShapes", "size", size, 8);
  assertInteger("captionedShapes", "the number of kinds", kinds.length);
  kinds.forEach((kind) => assertOneOf("captionedShapes", "kinds", kind, CAPTION_KINDS));
  const rng = new Rng(seed);
  const captions = kinds.map((kind) =>
    captionsOf(split, kind).filter(options.where ?? (() => true)),
  );
  captions.forEach(({ length }) => {
    assertInteger("captionedShapes", "the number of captions left of a kind", length);
  });
  const scenes = Array.from({ length: count }, (_, i) => drawScene(captions, rng.fold(i)));
  return new CaptionedShapes(scenes, { split, size, seed });
}

/** A caption of one of the kinds, told from either side, and one scene of it. */
function drawScene(captions: readonly (readonly Caption[])[], rng: Rng): Scene {
  const [u, v, w] = rng.uniformArray(3) as unknown as [number, number, number];
  const caption = pick(pick(captions, u), v);
  return sampleScene(w < 0.5 ? caption : converse(caption), rng);
}

function pick<T>(items: readonly T[], u: number): T {
  return items[Math.floor(u * items.length)] as T;
}

/**
 * Training batches with token ids, in an order that is new each epoch; see `shuffledBatches`.
 *
 * @param options `range` defaults to "signed": networks see [−1, 1]
 */
export function captionBatches(
  shapes: CaptionedShapes,
  options: { readonly batchSize: number; readonly seed: number; readonly range?: PixelRange },
): CaptionBatchSource {
  const source = shuffledBatches(shapes.images, { range: "signed", ...options });
  const { batchSize, batchesPerEpoch } = source;
  const at = (step: number): CaptionBatch => {
    const batch = source.at(step);
    return { ...batch, tokens: shapes.tokensAt(batch.ids) };
  };
  return { batchSize, batchesPerEpoch, at };
}
