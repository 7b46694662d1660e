import { appendFileSync, mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { CheckpointError } from "../core/errors";
import { courseFolder } from "../core/files";

/** One picture and what the exact parser says of it. */
export type JudgedPicture = {
  /** A PNG as a `data:` address. */
  readonly image: string;
  /** Whether it shows what its caption says, and nothing else. */
  readonly isExact: boolean;
  /** In words: "exact", or what is wrong. */
  readonly verdict: string;
};

/** Pictures of one caption by one model, and how they came to be. */
export type GalleryEntry = {
  readonly caption: string;
  readonly model: string;
  readonly title: string;
  readonly seed: number;
  /** Absent for a GAN. */
  readonly numSteps?: number;
  readonly guidanceScale?: number;
  /** From asking to the last picture. */
  readonly seconds: number;
  /** Whether the model was loaded and compiled within these seconds. */
  readonly isFirst: boolean;
  readonly pictures: readonly JudgedPicture[];
};

/** Entries shown again after a restart. */
const MOST_SHOWN = 60;

/** The gallery's pictures in a file, one entry a line, so that they are there after a restart. */
export class GalleryBook {
  constructor(readonly path: string = join(courseFolder() ?? ".", "results", "gallery.jsonl")) {}

  /** @throws CheckpointError if it cannot be written */
  add(entry: GalleryEntry): void {
    try {
      mkdirSync(dirname(this.path), { recursive: true });
      appendFileSync(this.path, `${JSON.stringify(entry)}\n`);
    } catch (cause) {
      throw new CheckpointError(`${this.path}: the picture could not be kept.`, undefined, {
        cause,
      });
    }
  }

  /** The newest first. A line that was cut off is passed over. */
  entries(): GalleryEntry[] {
    let text: string;
    try {
      text = readFileSync(this.path, "utf8");
    } catch {
      return [];
    }
    return text.trim().split("\n").slice(-MOST_SHOWN).reverse().flatMap(parsed);
  }
}

function parsed(line: string): GalleryEntry[] {
  try {
    const entry = JSON.parse(line) as GalleryEntry;
    return Array.isArray(entry.pictures) ? [entry] : [];
  } catch {
    return [];
  }
}
