import { DataFormatError } from "../core/errors";
import { tf } from "../engine/tf";
import { DEFAULT_MAX_BYTES } from "./files";
import { MAX_GZIP_RATIO } from "./gunzip";

export type Channels = 1 | 3 | 4;

/** One decoded image: bytes 0…255, row by row, channels last. */
export interface DecodedImage {
  readonly shape: readonly [height: number, width: number, channels: Channels];
  readonly data: Uint8Array;
}

const SIGNATURE = Buffer.from("89504e470d0a1a0a0000000d49484452", "hex"); // up to "IHDR"

/**
 * Decode a PNG of any colour type and depth. Its size is checked against the bytes that are there
 * before the native decoder, which trusts it, sees the file.
 *
 * @param name what error messages call the file
 * @throws DataFormatError if it is no whole PNG
 * @see https://www.w3.org/TR/png-3/
 */
export function parsePng(file: Uint8Array, name: string, channels: Channels = 3): DecodedImage {
  if (file.length < 33 || SIGNATURE.compare(file, 0, SIGNATURE.length) !== 0) {
    throw new DataFormatError(
      `${name}: expected a PNG file, found another format or a cut header.`,
    );
  }
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const [width, height] = [view.getUint32(16), view.getUint32(20)];
  // One bit a pixel is the least that a PNG can hold, and deflate shrinks it 1032:1 at best.
  const limit = Math.min(DEFAULT_MAX_BYTES / channels, 8 * MAX_GZIP_RATIO * file.length);
  if (width === 0 || height === 0 || width * height > limit) {
    throw new DataFormatError(
      `${name}: expected at most ${limit} pixels for its size, found ${height}×${width}.`,
    );
  }
  return { shape: [height, width, channels], data: decode(file, name, channels) };
}

function decode(file: Uint8Array, name: string, channels: Channels): Uint8Array {
  try {
    return tf.tidy(() => Uint8Array.from(tf.node.decodePng(file, channels).dataSync()));
  } catch (cause) {
    const reason = String((cause as Error).message).replace(/\s+/g, " ");
    throw new DataFormatError(`${name}: expected a whole PNG file, found: ${reason}.`, undefined, {
      cause,
    });
  }
}
