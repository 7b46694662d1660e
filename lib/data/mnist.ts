import { createHash } from "node:crypto";
import { basename } from "node:path";

import { DataFormatError, DataMissingError } from "../core/errors";
import { type CatalogEntry, catalogEntry } from "./catalog";
import { ImageDataset, type Provenance } from "./dataset";
import { readBounded } from "./files";
import { isGzip } from "./gunzip";
import { type IdxArray, parseIdx } from "./idx";
import { dataFolders, findFile } from "./places";

export type Split = "train" | "test";

export type IdxDatasetOptions = {
  /** "train" (60,000 images) or "test" (10,000). Default "train". */
  readonly split?: Split;
  /** Look only here. Default: `LATENTLAB_DATA`, the course's cache, the shared data folder. */
  readonly folder?: string;
  /** Compare the content with the published checksum. Default true; false for a look-alike. */
  readonly verify?: boolean;
};

/**
 * Handwritten digits, 28×28 grey, 10 classes.
 *
 * @throws DataMissingError saying where it looked and which command fetches the files
 * @throws DataFormatError if a file is damaged or is not MNIST's
 * @see LeCun, Bottou, Bengio & Haffner 1998, "Gradient-based learning applied to document recognition"
 */
export function readMnist(options: IdxDatasetOptions = {}): ImageDataset {
  return readIdxDataset("mnist", options);
}

/**
 * Pictures of clothes in MNIST's format, 28×28 grey, 10 classes.
 *
 * @throws DataMissingError saying where it looked and which command fetches the files
 * @throws DataFormatError if a file is damaged or is not Fashion-MNIST's
 * @see Xiao, Rasul & Vollgraf 2017, arXiv:1708.07747v2
 */
export function readFashionMnist(options: IdxDatasetOptions = {}): ImageDataset {
  return readIdxDataset("fashion-mnist", options);
}

/** Whether both files of a split are there, whole or not. */
export function hasMnist(split: Split): boolean {
  const folders = dataFolders("mnist");
  return Object.values(fileNames(split)).every((name) => findFile(folders, name) !== undefined);
}

function fileNames(split: Split): { images: string; labels: string } {
  const prefix = split === "train" ? "train" : "t10k";
  return { images: `${prefix}-images-idx3-ubyte`, labels: `${prefix}-labels-idx1-ubyte` };
}

function readIdxDataset(
  id: "mnist" | "fashion-mnist",
  { split = "train", folder, verify = true }: IdxDatasetOptions,
): ImageDataset {
  const entry = catalogEntry(id);
  const folders = folder === undefined ? dataFolders(id) : [folder];
  const names = fileNames(split);
  const images = readArray(entry, folders, names.images, { rank: 3, verify });
  const labels = readArray(entry, folders, names.labels, { rank: 1, verify });
  const [, height = 0, width = 0] = images.shape;
  return new ImageDataset({
    name: `${entry.title} ${split}`,
    images: images.data,
    imageShape: [height, width, 1],
    labels: Int32Array.from(labels.data),
    classNames: entry.classNames,
    provenance: {
      source: entry.source,
      license: entry.license,
      files: [images.file, labels.file],
    },
  });
}

type FileOptions = { readonly rank: number; readonly verify: boolean };

function readArray(
  entry: CatalogEntry,
  folders: readonly string[],
  name: string,
  { rank, verify }: FileOptions,
): IdxArray & { readonly file: Provenance["files"][number] } {
  const path = findFile(folders, name);
  if (path === undefined) {
    throw new DataMissingError(
      `${entry.title}: neither ${name} nor ${name}.gz is in ${folders.join(" or ")}.`,
      fetchIt(entry),
    );
  }
  const bytes = readBounded(path);
  const array = parseIdx(bytes, path, { rank });
  if (verify) assertPublished(entry, path, bytes, array.sha256);
  return { ...array, file: { name, sha256: array.sha256 } };
}

/** Refuse content that is not the published one, recognised by the packed or the unpacked file. */
function assertPublished(
  entry: CatalogEntry,
  path: string,
  bytes: Uint8Array,
  contentSha256: string,
): void {
  const name = `${basename(path, ".gz")}.gz`;
  const known = entry.files.find((file) => file.name === name);
  const cannotTell = known?.contentSha256 === undefined && !isGzip(bytes);
  if (known === undefined || cannotTell || known.contentSha256 === contentSha256) return;
  const found = createHash("sha256").update(bytes).digest("hex");
  if (known.sha256 === found) return;
  throw new DataFormatError(
    `${path} is not ${entry.title}'s: expected SHA-256 ${known.sha256}, found ${found}.`,
    `${fetchIt(entry)} For a look-alike pass { verify: false }.`,
  );
}

function fetchIt({ id }: CatalogEntry): string {
  return `Fetch it with \`npm run data -- ${id}\` in the course folder.`;
}
