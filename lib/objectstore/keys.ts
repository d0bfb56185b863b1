import { StoreError } from './errors.ts';
import { maxKeyBytes, maxKeySegments, maxSegmentBytes } from './limits.ts';

/** Part of the names of unfinished objects; no key contains it. */
export const temporaryMark = '.tmp-';

/**
 * Throws `STORE_BAD_KEY` unless `key` is a relative path of plain names: no empty part, `.`, `..`,
 * backslash, control character or temporary mark, nothing that Unicode cannot carry. The one
 * place where keys are judged; every driver calls it first.
 */
export function checkKey(key: string): void {
  const fault = faultOf(key);
  if (fault !== undefined) throw new StoreError('STORE_BAD_KEY', fault, excerpt(key));
}

/** As {@link checkKey}, for the prefix of a listing: empty, or a key that may end in a slash. */
export function checkPrefix(prefix: string): void {
  if (prefix === '') return;
  checkKey(prefix.endsWith('/') ? prefix.slice(0, -1) : prefix);
}

/** Whether a name from outside can be a key. */
export function isKey(name: string): boolean {
  return faultOf(name) === undefined;
}

/** Joins parts to a key and checks it. */
export function joinKey(...parts: readonly string[]): string {
  const key = parts.join('/');
  checkKey(key);
  return key;
}

function faultOf(key: string): string | undefined {
  if (key === '') return 'a key must not be empty';
  if (!key.isWellFormed()) return 'a key must be well-formed Unicode';
  if (Buffer.byteLength(key) > maxKeyBytes) {
    return `a key must not be longer than ${String(maxKeyBytes)} bytes`;
  }
  const segments = key.split('/');
  if (segments.length > maxKeySegments) {
    return `a key must not have more than ${String(maxKeySegments)} parts`;
  }
  for (const segment of segments) {
    const fault = faultOfSegment(segment);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

/** Whether a name can be a part of a key. */
export function isKeySegment(name: string): boolean {
  return name.isWellFormed() && faultOfSegment(name) === undefined;
}

function faultOfSegment(segment: string): string | undefined {
  if (segment === '') return 'a key must not begin or end with a slash or have two in a row';
  if (segment === '.' || segment === '..') return 'a key must not have "." or ".." as a part';
  // eslint-disable-next-line no-control-regex -- control characters are what is refused
  if (/[\\\x00-\x1f\x7f]/.test(segment))
    return 'a key must not have backslash or control characters';
  if (segment.includes(temporaryMark)) return `a key must not contain "${temporaryMark}"`;
  if (Buffer.byteLength(segment) > maxSegmentBytes) {
    return `a part of a key must not be longer than ${String(maxSegmentBytes)} bytes`;
  }
  return undefined;
}

/** A bad key may be anything: errors carry a short and printable piece of it. */
function excerpt(key: string): string {
  const quoted = JSON.stringify(key.slice(0, 60));
  return key.length > 60 ? `${quoted}…` : quoted;
}
