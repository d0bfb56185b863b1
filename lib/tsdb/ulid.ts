import type { Rng } from '../runtime/index.ts';
import { TsdbError } from './errors.ts';

/** Crockford's base 32: no I, L, O, U. */
const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const timeChars = 10;
const randomChars = 16;
const ulidShape = /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/;
const maxUlidTimeMs = 2 ** 48 - 1;

/** A new block id: 48 bits of time, 80 random bits, 26 characters that sort by time. */
export function newUlid(timeMs: number, rng: Rng): string {
  if (!Number.isInteger(timeMs) || timeMs < 0 || timeMs > maxUlidTimeMs) {
    throw new TsdbError('TSDB_BAD_ULID', `time ${String(timeMs)} does not fit 48 bits`);
  }
  let time = '';
  let rest = timeMs;
  for (let at = 0; at < timeChars; at++) {
    time = alphabet.charAt(rest % 32) + time;
    rest = Math.floor(rest / 32);
  }
  // 16 characters of 5 bits each use 10 bytes: two groups of 5 bytes to 8 characters.
  const bytes = rng.bytes((randomChars * 5) / 8);
  let random = '';
  let bits = 0;
  let held = 0;
  for (const byte of bytes) {
    held = ((held & 0x1f) << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      random += alphabet.charAt((held >>> bits) & 31);
    }
  }
  return time + random;
}

/** Whether `text` is a ULID in the strict form that block directories have. */
export function isUlid(text: string): boolean {
  return ulidShape.test(text);
}

/** `text` itself when it is a ULID, else a coded error. */
export function parseUlid(text: string): string {
  if (!isUlid(text)) {
    throw new TsdbError('TSDB_BAD_ULID', `not a ULID: ${JSON.stringify(text.slice(0, 40))}`);
  }
  return text;
}

/** Milliseconds since the epoch when the ULID was made. */
export function ulidTimeMs(ulid: string): number {
  parseUlid(ulid);
  let timeMs = 0;
  for (let at = 0; at < timeChars; at++) timeMs = timeMs * 32 + alphabet.indexOf(ulid.charAt(at));
  return timeMs;
}
