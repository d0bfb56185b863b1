import type { Random } from './random.ts';

/** Bytes that mean something in one of the formats: counts, lengths, signs, type ids, flags. */
const telling = [0, 1, 2, 3, 4, 8, 0x0c, 0x10, 0x7f, 0x80, 0x81, 0xf7, 0xf8, 0xfc, 0xfe, 0xff];

/** A copy of `bytes` with one to four changes of the kinds that break parsers. */
export function mutate(random: Random, bytes: Uint8Array, other: Uint8Array): Uint8Array {
  let result = bytes;
  for (let left = 1 + random.below(4); left > 0; left--) result = mutateOnce(random, result, other);
  return result;
}

function mutateOnce(random: Random, bytes: Uint8Array, other: Uint8Array): Uint8Array {
  const at = random.below(bytes.length + 1);
  const count = random.below(Math.min(16, bytes.length - at) + 1);
  switch (random.below(7)) {
    case 0:
      return replace(bytes, at, 0, random.bytes(random.below(6)));
    case 1:
      return replace(bytes, at, count, new Uint8Array(0));
    case 2:
      return replace(bytes, at, 0, bytes.subarray(at, at + count));
    case 3:
      return bytes.subarray(0, at);
    case 4: {
      const from = random.below(other.length + 1);
      return replace(bytes, at, count, other.subarray(from, from + random.below(24)));
    }
    default: {
      const changed = bytes.slice();
      if (changed.length === 0) return changed;
      const place = random.below(changed.length);
      const flipped = (changed[place] ?? 0) ^ (1 << random.below(8));
      changed[place] = random.oneIn(2) ? flipped : random.pick(telling);
      return changed;
    }
  }
}

function replace(
  bytes: Uint8Array,
  at: number,
  count: number,
  replacement: Uint8Array,
): Uint8Array {
  const result = new Uint8Array(bytes.length - count + replacement.length);
  result.set(bytes.subarray(0, at));
  result.set(replacement, at);
  result.set(bytes.subarray(at + count), at + replacement.length);
  return result;
}

/** Cuts bytes into pieces, as a socket does. */
export function* cut(random: Random, bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length;) {
    const end = random.oneIn(3) ? bytes.length : at + 1 + random.below(12);
    yield bytes.slice(at, end);
    at = end;
  }
}
