import { type Rng } from "latentlab";

const EXTREMES = [0, 1, 0x7f, 0x80, 0xff] as const;

/**
 * A damaged copy of a file: one to three faults out of bit flips, extreme bytes and 32-bit words,
 * cuts, insertions, zeroed stretches and repeated stretches.
 */
export function mutate(original: Uint8Array, rng: Rng): Buffer {
  const chance = rng.uniformArray(32);
  let drawn = 0;
  const below = (n: number): number => Math.floor((chance[drawn++ % 32] as number) * n);
  let bytes = Buffer.from(original);
  for (let faults = 1 + below(3); faults > 0; faults--) {
    // Half of the faults hit the first 64 bytes: there are the headers.
    const at = below(2) === 0 ? below(Math.min(64, bytes.length)) : below(bytes.length);
    const length = 1 + below(32);
    switch (below(7)) {
      case 0:
        bytes[at] = (bytes[at] ?? 0) ^ (1 << below(8));
        break;
      case 1:
        bytes[at] = EXTREMES[below(EXTREMES.length)] as number;
        break;
      case 2:
        if (at + 4 <= bytes.length) bytes.writeUInt32BE(2 ** below(33) - (below(2) || 1), at);
        break;
      case 3:
        bytes = bytes.subarray(0, at);
        break;
      case 4:
        bytes = Buffer.concat([
          bytes.subarray(0, at),
          Buffer.alloc(length, below(256)),
          bytes.subarray(at),
        ]);
        break;
      case 5:
        bytes.subarray(at, at + length).fill(0);
        break;
      default:
        bytes = Buffer.concat([bytes.subarray(0, at + length), bytes.subarray(at)]);
    }
  }
  return bytes;
}
