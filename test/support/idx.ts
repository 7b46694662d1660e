/** An IDX file of unsigned bytes with this header and this body, fitting or not. */
export function idxBytes(shape: readonly number[], body: Uint8Array): Buffer {
  const header = Buffer.alloc(4 + 4 * shape.length);
  header[2] = 0x08;
  header[3] = shape.length;
  shape.forEach((size, axis) => header.writeUInt32BE(size, 4 + 4 * axis));
  return Buffer.concat([header, body]);
}
