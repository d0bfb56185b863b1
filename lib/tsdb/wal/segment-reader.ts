import { crc32c } from '../../bytes/index.ts';
import type { ByteSource } from '../byte-source.ts';
import { TsdbError, type TsdbErrorCode } from '../errors.ts';
import { maxWalRecordBytes } from '../limits.ts';
import { fragmentHeaderBytes, fragmentType, walPageBytes } from './pages.ts';

const compressionFlags = 0x18;
const typeMask = 0x07;

/**
 * Reads the records of one WAL segment, one per call, so that the caller may pause between them.
 * Damage throws with segment and offset and ends the reading: `TSDB_WAL_TORN` when the file ends
 * inside a record, as a crash leaves it; `TSDB_WAL_CORRUPT` for everything else.
 */
export class WalSegmentReader {
  readonly #source: ByteSource;
  readonly #segment: number;
  #page = new Uint8Array(0);
  #pageStart = 0;
  #at = 0;
  #recordStart = 0;
  /** Whether the begin of the present record was skipped with a damaged page. */
  #isLost = false;

  constructor(source: ByteSource, segment: number) {
    this.#source = source;
    this.#segment = segment;
  }

  /** Where the record that {@link next} returned last, or failed in, begins in the file. */
  get recordOffset(): number {
    return this.#recordStart;
  }

  /** First byte behind what was read. */
  get offset(): number {
    return this.#pageStart + this.#at;
  }

  /**
   * After damage: leaves its page, so that {@link next} goes on with the first record that begins
   * behind it. For those who want to see what else is there; replay ends at damage.
   */
  skipPage(): void {
    this.#at = this.#page.length;
    this.#isLost = true;
  }

  /** The next record, or undefined at the end. The bytes stay valid. */
  next(): Uint8Array | undefined {
    const parts: Uint8Array[] = [];
    let length = 0;
    for (;;) {
      const fragment = this.#fragment(parts.length > 0);
      if (fragment === undefined) return undefined;
      length += fragment.payload.length;
      if (length > maxWalRecordBytes) throw this.#error('TSDB_LIMIT', 'record too long');
      const isEnd = fragment.type === fragmentType.full || fragment.type === fragmentType.last;
      if (isEnd && parts.length === 0) return fragment.payload;
      parts.push(fragment.payload);
      if (isEnd) return join(parts, length);
    }
  }

  /** The next fragment that is not padding. */
  #fragment(isInRecord: boolean): { type: number; payload: Uint8Array } | undefined {
    for (;;) {
      if (!this.#ensurePage()) {
        if (!isInRecord) return undefined;
        throw this.#error('TSDB_WAL_TORN', 'segment ends inside a record');
      }
      if (!isInRecord) this.#recordStart = this.offset;
      const flags = this.#page[this.#at]!;
      if (flags === fragmentType.padding) {
        this.#skipPadding(isInRecord);
        continue;
      }
      const fragment = this.#readFragment(flags, isInRecord);
      if (fragment !== undefined) return fragment;
    }
  }

  /** The fragment here; undefined when it is the rest of a record that was skipped. */
  #readFragment(flags: number, isInRecord: boolean) {
    const page = this.#page;
    const at = this.#at;
    const type = flags & typeMask;
    const continues = type === fragmentType.middle || type === fragmentType.last;
    const isRest = continues && !isInRecord && this.#isLost;
    this.#checkType(flags, isRest || continues === isInRecord);
    const header = at + fragmentHeaderBytes;
    if (header > page.length) throw this.#ended();
    const end = header + ((page[at + 1]! << 8) | page[at + 2]!);
    if (end > walPageBytes) throw this.#error('TSDB_WAL_CORRUPT', 'fragment crosses its page');
    if (end > page.length) throw this.#ended();
    const stored =
      ((page[at + 3]! << 24) | (page[at + 4]! << 16) | (page[at + 5]! << 8) | page[at + 6]!) >>> 0;
    if (crc32c(page, header, end) !== stored) {
      throw this.#error('TSDB_WAL_CORRUPT', 'fragment checksum differs');
    }
    if ((flags & compressionFlags) !== 0) {
      throw this.#error('TSDB_WAL_COMPRESSED', 'compressed records are not supported');
    }
    this.#at = end;
    if (isRest) return undefined;
    this.#isLost = false;
    return { type, payload: page.subarray(header, end) };
  }

  #checkType(flags: number, isInPlace: boolean): void {
    const type = flags & typeMask;
    if ((flags & ~(compressionFlags | typeMask)) !== 0 || type > fragmentType.last) {
      throw this.#error('TSDB_WAL_CORRUPT', `unknown fragment type ${String(flags)}`);
    }
    if (!isInPlace) {
      throw this.#error('TSDB_WAL_CORRUPT', `fragment type ${String(type)} out of place`);
    }
  }

  /**
   * Padding reaches to the end of the page and must be zero. It stands where no header fits, and at the
   * end of a segment; anywhere else the zeros are a page that never reached the disk.
   */
  #skipPadding(isInRecord: boolean): void {
    for (let at = this.#at; at < this.#page.length; at++) {
      if (this.#page[at] !== 0) throw this.#error('TSDB_WAL_CORRUPT', 'padding is not zero');
    }
    if (this.#page.length < walPageBytes) {
      throw this.#error('TSDB_WAL_TORN', 'segment ends inside padding');
    }
    const isShort = this.#page.length - this.#at < fragmentHeaderBytes;
    const isEnd = this.#pageStart + this.#page.length >= this.#source.size;
    if (isInRecord || (!isShort && !isEnd)) throw this.#hole();
    this.#at = this.#page.length;
  }

  /** Zeros where a record should be: as a crash leaves them only if nothing else follows. */
  #hole(): TsdbError {
    for (let at = this.#pageStart + this.#page.length; at < this.#source.size; at += walPageBytes) {
      const length = Math.min(walPageBytes, this.#source.size - at);
      if (this.#source.read(at, length).every((byte) => byte === 0)) continue;
      return this.#error('TSDB_WAL_CORRUPT', 'zeros in the place of a page');
    }
    return this.#error('TSDB_WAL_TORN', 'segment ends in zeros');
  }

  /** Loads the page that the next fragment is in; false at the end of the segment. */
  #ensurePage(): boolean {
    if (this.#at < this.#page.length) return true;
    const next = this.#pageStart + this.#page.length;
    const length = Math.min(walPageBytes, this.#source.size - next);
    if (length <= 0) return false;
    this.#pageStart = next;
    // Copied, so that a joined or returned record does not hold a larger window of the source.
    this.#page = this.#source.read(next, length).slice();
    this.#at = 0;
    return true;
  }

  #ended(): TsdbError {
    // Only the last page of a segment may be short, and only a crash cuts it inside a fragment.
    return this.#error('TSDB_WAL_TORN', 'segment ends inside a fragment');
  }

  #error(code: TsdbErrorCode, message: string): TsdbError {
    return new TsdbError(code, message, {
      segment: this.#segment,
      offset: this.#recordStart,
      bytes: this.#page.subarray(this.#at, this.#at + 16),
    });
  }
}

function join(parts: readonly Uint8Array[], length: number): Uint8Array {
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
