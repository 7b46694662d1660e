import { readFileSync, statSync } from "node:fs";

import { DataFormatError, DataMissingError } from "../core/errors";

/** Largest data file, packed or not, that is read without being asked to: 128 MiB. */
export const DEFAULT_MAX_BYTES = 2 ** 27;

/**
 * Read a whole file after looking at its size.
 *
 * @throws DataMissingError if it is absent or may not be read
 * @throws DataFormatError if it is not a regular file, empty, or larger than `maxBytes`
 */
export function readBounded(path: string, maxBytes = DEFAULT_MAX_BYTES): Buffer {
  try {
    const { size } = checkedStat(path, maxBytes);
    const bytes = readFileSync(path);
    if (bytes.length === size) return bytes;
  } catch (cause) {
    if (cause instanceof DataFormatError) throw cause;
    const { code } = cause as NodeJS.ErrnoException;
    const reason = code === "ENOENT" ? "there is no such file" : String(code);
    throw new DataMissingError(
      `${path} cannot be read: ${reason}.`,
      "Check path and permissions.",
      {
        cause,
      },
    );
  }
  throw new DataFormatError(`${path} changed while it was read.`, "Run the cell again.");
}

function checkedStat(path: string, maxBytes: number): { size: number } {
  const stat = statSync(path);
  if (!stat.isFile()) throw new DataFormatError(`${path}: expected a file, found something else.`);
  if (stat.size === 0) throw new DataFormatError(`${path} is empty.`, "Fetch the file again.");
  if (stat.size > maxBytes) {
    throw new DataFormatError(
      `${path}: expected at most ${maxBytes} bytes, found ${stat.size}.`,
      "If the file is what you want, raise the option maxBytes.",
    );
  }
  return stat;
}
