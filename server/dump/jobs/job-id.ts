import type { Rng } from '../../../lib/runtime/index.ts';

const alphabet = 'abcdefghijklmnopqrstuvwxyz234567';

/** A new id of a job: 26 characters a-z and 2-7, 128 random bits. */
export function newJobId(rng: Rng): string {
  const bytes = rng.bytes(17);
  let id = '';
  let held = 0;
  let bits = 0;
  for (const byte of bytes) {
    held = ((held & 0x1f) << 8) | byte;
    bits += 8;
    while (bits >= 5 && id.length < 26) {
      bits -= 5;
      id += alphabet.charAt((held >>> bits) & 31);
    }
  }
  return id;
}
