import { readFileSync } from "node:fs";
import { join } from "node:path";

import { LatentLabError } from "../core/errors";
import { formatCaption } from "../data/shapes/caption";
import { CAPTION_KINDS, type CaptionSplit, captionsOf, SPLITS } from "../data/shapes/splits";
import type { GalleryEntry } from "./book";
import type { GalleryModel } from "./models";
import type { GalleryEvent, PictureRequest, Studio } from "./studio";

/** The page lies beside the sources; it is plain HTML, CSS and JavaScript. */
const FOLDER = join(__dirname, "..", "..", "gallery", "page");

type PageFile = "index.html" | "gallery.css" | "kernel.js" | "gallery.js";

export function pageFile(name: PageFile): string {
  return readFileSync(join(FOLDER, name), "utf8");
}

/** The page in one text, for a frame without an address: it can fetch nothing. */
export function pageInOne(): string {
  const policy =
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:";
  const read = (name: string): string => pageFile(name as PageFile);
  return pageFile("index.html")
    .replace("<head>", `<head><meta http-equiv="content-security-policy" content="${policy}" />`)
    .replace(
      /<link rel="stylesheet" href="(.+)" \/>/,
      (_, name: string) => `<style>${read(name)}</style>`,
    )
    .replace(/<script src="(.+)">/g, (_, name: string) => `<script>${read(name)}`);
}

/** What the page shows when it opens. */
export interface PageState {
  readonly models: readonly Omit<GalleryModel, "load">[];
  /** The newest first. */
  readonly entries: readonly GalleryEntry[];
  /** A caption of each kind and split, to choose from. */
  readonly examples: readonly { readonly split: CaptionSplit; readonly caption: string }[];
}

export function pageState({ models, book }: Studio): PageState {
  const examples = SPLITS.flatMap((split) =>
    CAPTION_KINDS.map((kind) => {
      const captions = captionsOf(split, kind);
      const middle = captions[Math.floor(captions.length / 2)];
      return { split, caption: middle === undefined ? "" : formatCaption(middle) };
    }),
  );
  return {
    models: models.map(({ name, title, isDiffusion }) => ({ name, title, isDiffusion })),
    entries: book.entries(),
    examples,
  };
}

/** What comes of a request: pictures on the way, then the entry or an error. */
export async function* pageEvents(
  studio: Studio,
  request: PictureRequest | Promise<PictureRequest>,
  signal: AbortSignal,
): AsyncGenerator<GalleryEvent | { readonly error: string }, void, void> {
  try {
    yield* studio.paint(await request, signal);
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    // The name of the function says nothing to somebody at a page.
    yield { error: error instanceof LatentLabError ? text.replace(/^\w+: /, "") : text };
  }
}
