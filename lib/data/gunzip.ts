import { constants, gunzipSync } from "node:zlib";

import { DataFormatError } from "../core/errors";

/** Deflate cannot shrink more than 1032:1, so a file that claims more than this is lying. */
export const MAX_GZIP_RATIO = 1032;

/** Whether these bytes begin as a gzip file does. */
export function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/** The first bytes of a gzip file's content, from its first 4 KiB only; cut files are welcome. */
export function gunzipStart(bytes: Uint8Array, name: string): Buffer {
  const finishFlush = constants.Z_SYNC_FLUSH;
  return inflate(name, () => gunzipSync(bytes.subarray(0, 4096), { finishFlush }));
}

/**
 * Unpack a gzip file, stopping as soon as it grows beyond `maxBytes`: a bomb costs no more memory
 * than an honest file.
 *
 * @throws DataFormatError if the file is damaged, cut, or larger than `maxBytes` unpacked
 */
export function gunzipBounded(bytes: Uint8Array, name: string, maxBytes: number): Buffer {
  return inflate(name, () => gunzipSync(bytes, { maxOutputLength: maxBytes }));
}

function inflate(name: string, unpack: () => Buffer): Buffer {
  try {
    return unpack();
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const found =
      code === "ERR_BUFFER_TOO_LARGE" ? "more data than its header or the limit allows" : message;
    throw new DataFormatError(
      `${name}: expected a whole gzip file, found: ${found}.`,
      "Fetch the file again.",
      { cause },
    );
  }
}
