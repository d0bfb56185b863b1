import { ClusterError } from './errors.ts';
import { maxCounter, maxRecordBytes, maxTextLength } from './limits.ts';

// Records and messages come from whoever can write to the database or the cluster: every field is
// looked at once, here, and has its type from then on.

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** JSON of a record in the key-value store. */
export function parseRecord(raw: Uint8Array): unknown {
  if (raw.length > maxRecordBytes) {
    throw bad(`it has ${raw.length} bytes, at most ${maxRecordBytes} are read`);
  }
  return parseJson(raw);
}

/** JSON of bytes whose size has been looked at. */
export function parseJson(raw: Uint8Array): unknown {
  try {
    return JSON.parse(utf8.decode(raw)) as unknown;
  } catch (cause) {
    // The parser's own message quotes the text.
    throw bad('it is not JSON', cause);
  }
}

/** The own fields of an object; what `__proto__` names in the text stays an ordinary field. */
export function asObject(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw bad('it is not an object');
  }
  return Object.assign(Object.create(null) as Record<string, unknown>, { ...value });
}

/** A whole number from `min` to the highest that is believed. */
export function countOf(fields: Record<string, unknown>, name: string, min: number): number {
  const value = fields[name];
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) {
    throw bad(`${name} is not a whole number`);
  }
  if (value < min || value > maxCounter) throw bad(`${name} is out of range`);
  return value;
}

/** A text without control characters, which would spoil log lines. */
export function textOf(fields: Record<string, unknown>, name: string): string {
  const value = fields[name];
  if (typeof value !== 'string') throw bad(`${name} is not a text`);
  if (value.length > maxTextLength) throw bad(`${name} is too long`);
  if (/\p{Cc}/u.test(value)) throw bad(`${name} has control characters`);
  return value;
}

function bad(message: string, cause?: unknown): ClusterError {
  return new ClusterError('CLUSTER_BAD_RECORD', message, { cause });
}
