import { createHash } from "node:crypto";

import { DataFormatError } from "../core/errors";
import { ImageDataset } from "./dataset";
import { readBounded } from "./files";
import { gunzipBounded, isGzip } from "./gunzip";
import { hasMnist, readMnist } from "./mnist";
import { pythonPackageFile } from "./places";

/** Unpacked, scikit-learn's file is 264,712 bytes. */
const MAX_CSV_BYTES = 2 ** 22;
const PIXELS = 64;

/**
 * The 1,797 handwritten digits, 8×8 in 17 grey levels, that come with scikit-learn: real images with
 * no network at all. Grey v of 0…16 becomes v / 16.
 *
 * @param path default: the copy in the course's own Python environment
 * @throws DataMissingError if set-up has not been run
 * @throws DataFormatError if the file is damaged
 * @see Alpaydin & Kaynak 1998, "Optical Recognition of Handwritten Digits", UCI repository, test part
 */
export function readSmallDigits(
  path: string = pythonPackageFile("sklearn/datasets/data/digits.csv.gz"),
): ImageDataset {
  return parseDigitsCsv(readBounded(path, MAX_CSV_BYTES), path);
}

/**
 * Parse rows of 64 greys 0…16 and a label 0…9, packed with gzip or not.
 *
 * @param name what error messages call the file
 * @throws DataFormatError naming the line
 */
export function parseDigitsCsv(file: Uint8Array, name: string): ImageDataset {
  const content = isGzip(file) ? gunzipBounded(file, name, MAX_CSV_BYTES) : file;
  const text = Buffer.from(content).toString("latin1");
  const lines = text.replace(/\r?\n$/, "").split(/\r?\n/);
  const images = new Float32Array(lines.length * PIXELS);
  const labels = new Int32Array(lines.length);
  lines.forEach((line, row) => {
    const cells = parseRow(line, `${name}, line ${row + 1}`);
    labels[row] = cells.pop() as number;
    images.set(cells, row * PIXELS);
  });
  for (let i = 0; i < images.length; i++) images[i] = (images[i] as number) / 16;
  return new ImageDataset({
    name: "scikit-learn digits",
    images,
    imageShape: [8, 8, 1],
    labels,
    classNames: Array.from({ length: 10 }, (_, digit) => String(digit)),
    provenance: {
      source:
        "Optical Recognition of Handwritten Digits, by E. Alpaydin and C. Kaynak (UCI), " +
        "as it comes with scikit-learn",
      license: "CC-BY-4.0",
      files: [{ name: "digits.csv", sha256: createHash("sha256").update(content).digest("hex") }],
    },
  });
}

function parseRow(line: string, where: string): number[] {
  const cells = line.split(",");
  if (cells.length !== PIXELS + 1) {
    throw new DataFormatError(`${where}: expected ${PIXELS + 1} numbers, found ${cells.length}.`);
  }
  return cells.map((cell, column) => {
    const value = /^\d{1,2}$/.test(cell) ? Number(cell) : NaN;
    const max = column === PIXELS ? 9 : 16;
    if (value <= max) return value;
    throw new DataFormatError(
      `${where}, column ${column + 1}: expected a whole number of 0…${max}, ` +
        `found "${cell.slice(0, 20)}".`,
    );
  });
}

/**
 * The best digits this machine has, without fetching anything: MNIST's training part, else its test
 * part, else scikit-learn's 8×8 digits. `describe()` of the result says which.
 */
export function openDigits(): ImageDataset {
  if (hasMnist("train")) return readMnist({ split: "train" });
  if (hasMnist("test")) return readMnist({ split: "test" });
  return readSmallDigits();
}
