import { createHash } from "node:crypto";
import { type Dirent, readdirSync } from "node:fs";
import { basename, join } from "node:path";

import { DataFormatError, DataMissingError, LatentLabError } from "../core/errors";
import { ImageDataset } from "./dataset";
import { readBounded } from "./files";
import { type Channels, type DecodedImage, parsePng } from "./png";

export type ImageFolderOptions = {
  /** 1 grey, 3 colour (default), 4 with transparency; files of another kind are converted. */
  readonly channels?: Channels;
  /** What a damaged or odd-sized file does: end the reading (default), or be left out and listed. */
  readonly onDamaged?: "throw" | "skip";
};

/** What a folder gave. Nothing is left out silently. */
export interface ImageFolder {
  readonly dataset: ImageDataset;
  readonly skipped: readonly { readonly path: string; readonly reason: string }[];
}

/**
 * The PNG images of a folder, in order of their names. If it has folders inside, each is a class;
 * else the images have no labels. All must be as large as the first.
 *
 * @throws DataMissingError if the folder is not there or has no PNG files
 * @throws DataFormatError if a file is damaged or of another size, unless those are skipped
 */
export function readImageFolder(folder: string, options: ImageFolderOptions = {}): ImageFolder {
  const { channels = 3, onDamaged = "throw" } = options;
  const { files, classNames } = listImages(folder);
  const images: (DecodedImage & { label: number; sha256: string })[] = [];
  const skipped: { path: string; reason: string }[] = [];
  for (const { path, label } of files) {
    try {
      const bytes = readBounded(path);
      const image = parsePng(bytes, path, channels);
      assertSameSize(path, image, images[0]);
      images.push({ ...image, label, sha256: sha256Of(bytes) });
    } catch (error) {
      if (onDamaged === "throw" || !(error instanceof LatentLabError)) throw error;
      skipped.push({ path, reason: error.message });
    }
  }
  const [first] = images;
  if (first === undefined) {
    throw new DataFormatError(`${folder}: all ${files.length} PNG files are damaged.`);
  }
  return { dataset: gather(folder, images, classNames), skipped };
}

type Labelled = DecodedImage & { readonly label: number; readonly sha256: string };

function gather(
  folder: string,
  images: readonly Labelled[],
  classNames: readonly string[],
): ImageDataset {
  const size = images[0]?.data.length ?? 0;
  const pixels = new Uint8Array(images.length * size);
  images.forEach(({ data }, i) => pixels.set(data, i * size));
  const name = basename(folder);
  const sha256 = sha256Of(Buffer.from(images.map((image) => image.sha256).join("")));
  return new ImageDataset({
    name,
    images: pixels,
    imageShape: images[0]?.shape ?? [0, 0, 0],
    ...(classNames.length > 0 && {
      labels: Int32Array.from(images, ({ label }) => label),
      classNames,
    }),
    provenance: {
      source: `PNG files of ${folder}`,
      license: "not stated",
      files: [{ name, sha256 }],
    },
  });
}

interface Listing {
  readonly files: readonly { readonly path: string; readonly label: number }[];
  readonly classNames: readonly string[];
}

function listImages(folder: string): Listing {
  const entries = listFolder(folder);
  const classNames = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  const groups = classNames.length === 0 ? [folder] : classNames.map((name) => join(folder, name));
  const files = groups.flatMap((group, label) =>
    listFolder(group)
      .filter(({ name }) => /\.png$/i.test(name))
      .map(({ name }) => ({ path: join(group, name), label })),
  );
  if (files.length > 0) return { files, classNames };
  throw new DataMissingError(
    `${folder} has no PNG files, nor folders with any.`,
    "Check the path.",
  );
}

/** Sorted by code units, so that the order is the same under any locale. */
function listFolder(folder: string): Dirent[] {
  try {
    const entries = readdirSync(folder, { withFileTypes: true });
    return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new DataMissingError(`${folder} cannot be listed: ${code}.`, "Check the path.", {
      cause,
    });
  }
}

function assertSameSize(path: string, image: DecodedImage, first: DecodedImage | undefined): void {
  const [found, expected] = [image, first ?? image].map(({ shape }) => shape.join("×"));
  if (found === expected) return;
  throw new DataFormatError(`${path}: expected ${expected} like the first image, found ${found}.`);
}

function sha256Of(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
