import { crc32c } from '../../bytes/index.ts';

/** WAL files are sequences of pages; no fragment crosses from one into the next. */
export const walPageBytes = 32 * 1024;
/** Type, length and checksum in front of each fragment. */
export const fragmentHeaderBytes = 7;

/** What a fragment is of its record. */
export const fragmentType = { padding: 0, full: 1, first: 2, middle: 3, last: 4 } as const;

/**
 * Cuts records into the fragments of 32 KiB pages (docs/format/wal.md) and collects them in a
 * buffer. The caller writes {@link pending} to the segment and calls {@link clear}; the position
 * within the page is kept.
 */
export class PageFramer {
  #bytes = new Uint8Array(2 * walPageBytes);
  #length = 0;
  #segmentBytes = 0;

  /** Bytes of the segment so far: those already taken and those pending. */
  get segmentBytes(): number {
    return this.#segmentBytes;
  }

  /** Framed bytes that were not cleared yet; a view, valid until the next call. */
  get pending(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Whether a record of `recordBytes` still ends inside a segment of at most `limitBytes`. */
  fits(recordBytes: number, limitBytes: number): boolean {
    return this.#segmentBytes + this.framedBytes(recordBytes) <= limitBytes;
  }

  /** Bytes that a record of `recordBytes` takes at the present place, headers and padding included. */
  framedBytes(recordBytes: number): number {
    let left = walPageBytes - (this.#segmentBytes % walPageBytes);
    let framed = 0;
    let rest = recordBytes;
    do {
      if (left < fragmentHeaderBytes) {
        framed += left;
        left = walPageBytes;
      }
      const part = Math.min(rest, left - fragmentHeaderBytes);
      framed += fragmentHeaderBytes + part;
      left -= fragmentHeaderBytes + part;
      rest -= part;
      if (left === 0) left = walPageBytes;
    } while (rest > 0);
    return framed;
  }

  /** Appends one record. */
  append(record: Uint8Array): void {
    this.#reserve(this.framedBytes(record.length));
    let at = 0;
    let isFirst = true;
    do {
      if (this.#pageLeft() < fragmentHeaderBytes) this.#pad(this.#pageLeft());
      const part = Math.min(record.length - at, this.#pageLeft() - fragmentHeaderBytes);
      const isLast = at + part === record.length;
      this.#fragment(typeOf(isFirst, isLast), record, at, at + part);
      at += part;
      isFirst = false;
    } while (at < record.length);
    // A page without room for another header is finished at once, as Prometheus does.
    if (this.#pageLeft() < fragmentHeaderBytes) {
      this.#reserve(fragmentHeaderBytes);
      this.#pad(this.#pageLeft());
    }
  }

  /** Fills the page with zeros, so that a finished segment is made of whole pages. */
  finishSegment(): void {
    if (this.#segmentBytes % walPageBytes === 0) return;
    this.#reserve(walPageBytes);
    this.#pad(this.#pageLeft());
  }

  /** Forgets the pending bytes after they were written, or given up with the segment. */
  clear(): void {
    this.#length = 0;
  }

  /** Takes the pending bytes back, as if they were never appended: they could not be written. */
  discard(): void {
    this.#segmentBytes -= this.#length;
    this.#length = 0;
  }

  /** Begins a new, empty segment. */
  startSegment(): void {
    this.#length = 0;
    this.#segmentBytes = 0;
  }

  #pageLeft(): number {
    return walPageBytes - (this.#segmentBytes % walPageBytes);
  }

  #fragment(type: number, record: Uint8Array, from: number, to: number): void {
    const bytes = this.#bytes;
    const length = to - from;
    const checksum = crc32c(record, from, to);
    const at = this.#length;
    bytes[at] = type;
    bytes[at + 1] = length >>> 8;
    bytes[at + 2] = length;
    bytes[at + 3] = checksum >>> 24;
    bytes[at + 4] = checksum >>> 16;
    bytes[at + 5] = checksum >>> 8;
    bytes[at + 6] = checksum;
    bytes.set(record.subarray(from, to), at + fragmentHeaderBytes);
    this.#length += fragmentHeaderBytes + length;
    this.#segmentBytes += fragmentHeaderBytes + length;
  }

  #pad(count: number): void {
    this.#bytes.fill(0, this.#length, this.#length + count);
    this.#length += count;
    this.#segmentBytes += count;
  }

  #reserve(count: number): void {
    if (this.#length + count <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(this.#length + count, this.#bytes.length * 2));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }
}

function typeOf(isFirst: boolean, isLast: boolean): number {
  if (isFirst) return isLast ? fragmentType.full : fragmentType.first;
  return isLast ? fragmentType.last : fragmentType.middle;
}
