import { ValueError } from "../core/errors";
import { assertInRange, assertInteger } from "../core/guard";
import type { Disposable } from "../core/memory";
import type { Images } from "../core/types";
import { type Caption, parseCaption } from "../data/shapes/caption";
import { ATTRIBUTES, type CaptionScore, scorePictures } from "../data/shapes/score";
import { imageGrid } from "../viz/image-grid";
import { GalleryBook, type GalleryEntry, type JudgedPicture } from "./book";
import { courseModels, type GalleryModel } from "./models";
import type { Painter } from "./painter";

/** What a learner asks the gallery for. */
export type PictureRequest = {
  /** In the words of the grammar: "two small red circles above a large blue square". */
  readonly caption: string;
  /** A model's name. */
  readonly model: string;
  readonly seed: number;
  /** Steps of a diffusion sampler. */
  readonly numSteps: number;
  /** s of classifier-free guidance; 1 is none. */
  readonly guidanceScale: number;
  /** Pictures, each of other noise. */
  readonly count: number;
};

/** What the gallery sends while it paints. */
export type GalleryEvent =
  | { readonly step: number; readonly numSteps: number; readonly images: readonly string[] }
  | { readonly entry: GalleryEntry };

const MOST_PICTURES = 8;
const MOST_STEPS = 1000;
const MOST_GUIDANCE = 20;
/** Pictures on the way are shown this often, in milliseconds. */
const FRAME_INTERVAL = 80;

/** Paints captions with the models of the gallery, loading each when it is first asked. */
export class Studio implements Disposable {
  private readonly painters = new Map<string, Painter>();
  /** By model and number of pictures: what has been compiled. */
  private readonly known = new Set<string>();
  private turn: Promise<void> = Promise.resolve();

  constructor(
    readonly models: readonly GalleryModel[] = courseModels(),
    readonly book = new GalleryBook(),
  ) {}

  /**
   * Pictures on the way, and the finished ones with the parser's verdict, which go into the book. One
   * request is painted after another.
   *
   * @throws ValueError for a caption that the grammar does not have, or a setting out of range
   * @throws DataMissingError, CheckpointError if the model cannot be loaded
   */
  async *paint(
    request: PictureRequest,
    signal: AbortSignal,
  ): AsyncGenerator<GalleryEvent, void, void> {
    const caption = parseCaption(request.caption);
    const model = this.modelOf(request);
    const before = this.turn;
    let done = (): void => undefined;
    this.turn = new Promise((resolve) => (done = resolve));
    try {
      await before;
      if (!signal.aborted) yield* this.paintNow({ request, caption, model, signal });
    } finally {
      done();
    }
  }

  dispose(): void {
    for (const painter of this.painters.values()) painter.dispose();
    this.painters.clear();
  }

  private async *paintNow({ request, caption, model, signal }: Job): AsyncGenerator<GalleryEvent> {
    const { count, seed, numSteps, guidanceScale } = request;
    const started = performance.now();
    const isFirst = !this.known.has(`${model.name} ${count}`);
    const captions = Array<string>(count).fill(request.caption);
    const options = { captions, seed, numSteps, guidanceScale, signal };
    let nextFrame = -Infinity;
    for await (const { step, numSteps: last, pictures } of this.painterOf(model).paint(options)) {
      if (step < last && performance.now() < nextFrame) continue;
      const images = pictures();
      try {
        if (step === last) {
          this.known.add(`${model.name} ${count}`);
          const seconds = (performance.now() - started) / 1000;
          yield { entry: this.keep(images, { request, caption, model, seconds, isFirst }) };
        } else yield { step, numSteps: last, images: urisOf(images) };
      } finally {
        images.dispose();
      }
      nextFrame = performance.now() + FRAME_INTERVAL;
    }
  }

  private keep(images: Images, made: Made): GalleryEntry {
    const { request, caption, model, seconds, isFirst } = made;
    const { numSteps, guidanceScale, seed } = request;
    const entry = {
      caption: request.caption,
      ...{ model: model.name, title: model.title, seed },
      ...(model.isDiffusion && { numSteps, guidanceScale }),
      ...{ seconds, isFirst },
      pictures: judge(images, caption),
    };
    this.book.add(entry);
    return entry;
  }

  private painterOf(model: GalleryModel): Painter {
    const known = this.painters.get(model.name);
    if (known !== undefined) return known;
    const painter = model.load();
    this.painters.set(model.name, painter);
    return painter;
  }

  private modelOf({ model, count, seed, numSteps, guidanceScale }: PictureRequest): GalleryModel {
    const found = this.models.find(({ name }) => name === model);
    if (found === undefined) {
      const names = this.models.map(({ name }) => name).join(", ");
      throw new ValueError(`gallery: there is no model "${model}". There are ${names || "none"}.`);
    }
    assertInteger("gallery", "count", count);
    assertInRange("gallery", "count", count, [1, MOST_PICTURES]);
    assertInteger("gallery", "seed", seed, 0);
    assertInteger("gallery", "numSteps", numSteps);
    assertInRange("gallery", "numSteps", numSteps, [1, MOST_STEPS]);
    assertInRange("gallery", "guidanceScale", guidanceScale, [0, MOST_GUIDANCE]);
    return found;
  }
}

type Made = {
  readonly request: PictureRequest;
  readonly caption: Caption;
  readonly model: GalleryModel;
  readonly seconds: number;
  readonly isFirst: boolean;
};
type Job = Omit<Made, "seconds" | "isFirst"> & { readonly signal: AbortSignal };

function judge(images: Images, caption: Caption): JudgedPicture[] {
  const captions = Array<Caption>(images.shape[0]).fill(caption);
  const { each } = scorePictures(images, captions, { range: [-1, 1] });
  return urisOf(images).map((image, i) => {
    const score = each[i] as CaptionScore;
    return { image, isExact: score.isExact, verdict: verdictOf(score) };
  });
}

function verdictOf({ attributes, isExact }: CaptionScore): string {
  if (isExact) return "exact";
  const wrong = ATTRIBUTES.filter((name) => attributes[name].right < attributes[name].asked);
  return wrong.length > 0 ? `wrong ${wrong.join(", ")}` : "something else is in the picture";
}

/** Each picture as a PNG of its own. */
function urisOf(images: Images): string[] {
  const [count, height, width, channels] = images.shape;
  return Array.from({ length: count }, (_, i) => {
    const one = images.slice([i, 0, 0, 0], [1, height, width, channels]);
    const uri = imageGrid(one, { range: [-1, 1], scale: 1 }).dataUri();
    one.dispose();
    return uri;
  });
}
