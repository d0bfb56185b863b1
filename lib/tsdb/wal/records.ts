import { ByteReader, ByteWriter } from '../../bytes/index.ts';
import { TsdbError } from '../errors.ts';
import type { Labels } from '../labels.ts';
import { maxLabelsPerSeries, maxTimeMs } from '../limits.ts';
import type { SampleBatch } from '../sample-batch.ts';

/** First byte of a record; other types exist and are skipped. */
export const walRecordType = { series: 1, samples: 2 } as const;

/** A series and the reference that sample records call it by. */
export interface WalSeries {
  readonly ref: number;
  readonly labels: Labels;
}

/** What a record is to us: its type, or `other` for the types that replay skips. */
export function walRecordKind(record: Uint8Array): 'series' | 'samples' | 'other' {
  if (record[0] === walRecordType.series) return 'series';
  return record[0] === walRecordType.samples ? 'samples' : 'other';
}

/** A record that introduces series; it must stand before the samples that use them. */
export function encodeSeriesRecord(series: Iterable<WalSeries>): Uint8Array {
  const writer = new ByteWriter(4096).u8(walRecordType.series);
  for (const { ref, labels } of series) {
    writer.u64be(ref).uvarint(labels.length / 2);
    for (const text of labels) writer.str(text);
  }
  return writer.finish();
}

/** The series of a series record. */
export function decodeSeriesRecord(record: Uint8Array): WalSeries[] {
  const reader = recordReader(record, walRecordType.series);
  const series: WalSeries[] = [];
  while (reader.remaining > 0) {
    const ref = reader.u64be();
    const count = reader.uvarint();
    if (count > maxLabelsPerSeries) throw corrupt('too many labels', reader.offset);
    const labels: string[] = [];
    for (let at = 0; at < 2 * count && reader.error === undefined; at++) labels.push(reader.str());
    checkReader(reader);
    checkRef(ref, reader.offset);
    series.push({ ref, labels });
  }
  return series;
}

/** Differences of references from minus this to below this take at most two bytes. */
const maxNearDelta = 8192;

/** Differences below this need 31 bits when their sign is the lowest one. */
const maxSmallDelta = 2 ** 29;

/** Bytes of a sample with such a difference and no difference in time, at most. */
const maxNearBytes = 2 + 1 + 8;

/** Most bytes that one sample takes: two varints of a 53-bit difference and the value. */
const maxSampleBytes = 8 + 8 + 8;

/**
 * Encodes sample records. One encoder is kept per WAL: it owns the buffer, because a record is
 * written per scrape.
 */
export class SamplesEncoder {
  #bytes = new Uint8Array(64 * 1024);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;

  /** Entries `[from, to)` of the batch as one record; a view, valid until the next call. */
  encode(batch: SampleBatch, from = 0, to = batch.count): Uint8Array {
    this.#reserve(17 + (to - from) * maxSampleBytes);
    const { refs, timesMs } = batch;
    const view = this.#view;
    this.#bytes[0] = walRecordType.samples;
    this.#length = 1;
    if (from < to) {
      const baseTime = timesMs[from]!;
      view.setUint32(1, 0);
      view.setUint32(5, refs[from]!);
      view.setInt32(9, Math.floor(baseTime / 0x1_0000_0000));
      view.setUint32(13, baseTime >>> 0);
      this.#length = 17;
    }
    for (let at = from; at < to;) {
      at = this.#putNear(batch, from, at, to);
      at = this.#putFar(batch, from, at, to);
    }
    return this.#bytes.subarray(0, this.#length);
  }

  /**
   * Encodes entries from `start` on as long as they have the time of the first, and a reference near
   * to its one: the samples of one target, which is nearly all there is. Returns the index of the
   * first that is not such. Nothing is called in this loop, so that all it needs stays in registers.
   */
  #putNear(batch: SampleBatch, first: number, start: number, end: number): number {
    const { refs, timesMs, lo, hi } = batch;
    const bytes = this.#bytes;
    const view = this.#view;
    const baseRef = refs[first]!;
    const baseTime = timesMs[first]!;
    const lowestRef = Math.max(0, baseRef - maxNearDelta);
    const highestRef = Math.min(0xffff_ffff, baseRef + maxNearDelta - 1);
    let length = this.#length;
    let at = start;
    for (; at < end; at++) {
      const ref = refs[at]!;
      if (ref < lowestRef || ref > highestRef || timesMs[at]! !== baseTime) break;
      const delta = (ref - baseRef) | 0;
      const zigzag = (delta << 1) ^ (delta >> 31);
      if (zigzag < 0x80) bytes[length] = zigzag;
      else {
        bytes[length] = zigzag | 0x80;
        length = (length + 1) | 0;
        bytes[length] = zigzag >>> 7;
      }
      bytes[length + 1] = 0;
      view.setInt32(length + 2, hi[at]!);
      view.setInt32(length + 6, lo[at]!);
      length = (length + 10) | 0;
    }
    this.#length = length;
    return at;
  }

  /**
   * Encodes entries from `start` on that {@link #putNear} leaves; returns the index of the first that it may
   * take. A difference of small numbers, as of most references and times, needs no arithmetic of large ones.
   */
  #putFar(batch: SampleBatch, first: number, start: number, end: number): number {
    const { refs, timesMs, lo, hi } = batch;
    const bytes = this.#bytes;
    const view = this.#view;
    const baseRef = refs[first]!;
    const baseTime = timesMs[first]!;
    let length = this.#length;
    let at = start;
    for (; at < end; at++) {
      const delta = refs[at]! - baseRef;
      const age = timesMs[at]! - baseTime;
      if (age === 0 && delta >= -maxNearDelta && delta < maxNearDelta) break;
      if (age === 0 && delta < maxSmallDelta && delta > -maxSmallDelta) {
        let rest = (delta << 1) ^ (delta >> 31);
        for (; rest >= 0x80; rest >>>= 7) bytes[length++] = rest | 0x80;
        bytes[length++] = rest;
        bytes[length++] = 0;
      } else {
        length = putVarint(bytes, length, delta);
        length = putVarint(bytes, length, age);
      }
      view.setInt32(length, hi[at]!);
      view.setInt32(length + 4, lo[at]!);
      length += 8;
    }
    this.#length = length;
    return at;
  }

  #reserve(count: number): void {
    if (count <= this.#bytes.length) return;
    this.#bytes = new Uint8Array(Math.max(count, this.#bytes.length * 2));
    this.#view = new DataView(this.#bytes.buffer);
  }
}

/** Zigzag LEB128 of a difference of at most 2^52; returns the place behind it. */
function putVarint(bytes: Uint8Array, start: number, value: number): number {
  let at = start;
  let rest = value < 0 ? -2 * value - 1 : 2 * value;
  while (rest >= 0x80) {
    bytes[at++] = (rest % 128) | 0x80;
    rest = Math.floor(rest / 128);
  }
  bytes[at++] = rest;
  return at;
}

/** Appends the samples of a record to `into` and returns how many they were. */
export function decodeSamplesRecord(record: Uint8Array, into: SampleBatch): number {
  const reader = recordReader(record, walRecordType.samples);
  if (reader.remaining === 0) return 0;
  const baseRef = reader.u64be();
  const baseTime = reader.i64be();
  checkReader(reader);
  const first = into.count;
  // Each sample takes at least ten bytes, which bounds the memory by the record.
  into.reserve(first + Math.floor(reader.remaining / 10));
  const view = new DataView(record.buffer, record.byteOffset, record.length);
  const isTimeGood = Math.abs(baseTime) <= maxTimeMs;
  for (;;) {
    if (isTimeGood) reader.skip(readNear(record, view, reader.offset, baseRef, baseTime, into));
    if (reader.remaining === 0) break;
    const ref = baseRef + reader.varint();
    const timeMs = baseTime + reader.varint();
    const hi = reader.u32be();
    const lo = reader.u32be();
    if (reader.error !== undefined) checkReader(reader);
    checkRef(ref, reader.offset);
    if (!(Math.abs(timeMs) <= maxTimeMs)) throw corrupt('time out of range', reader.offset);
    into.push(ref, lo, hi, timeMs);
  }
  checkReader(reader);
  return into.count - first;
}

/**
 * Appends samples from `start` on as long as they are what {@link SamplesEncoder} makes of those of
 * one target: time of the base, a difference of references in at most two bytes. Returns how many
 * bytes they took; what is different, or wrong, is left to the caller.
 */
function readNear(
  record: Uint8Array,
  view: DataView,
  start: number,
  baseRef: number,
  baseTime: number,
  into: SampleBatch,
): number {
  const { refs, lo, hi, timesMs } = into;
  const lastStart = record.length - maxNearBytes;
  let count = into.count;
  let at = start;
  while (at <= lastStart) {
    let zigzag = record[at]!;
    let next = at + 1;
    if (zigzag >= 0x80) {
      const second = record[next++]!;
      if (second >= 0x80) break;
      zigzag = (zigzag & 0x7f) | (second << 7);
    }
    const ref = baseRef + ((zigzag >>> 1) ^ -(zigzag & 1));
    if (record[next] !== 0 || ref < 0 || ref > 0xffff_ffff) break;
    refs[count] = ref;
    timesMs[count] = baseTime;
    hi[count] = view.getUint32(next + 1);
    lo[count] = view.getUint32(next + 5);
    count++;
    at = next + 9;
  }
  into.count = count;
  return at - start;
}

function recordReader(record: Uint8Array, type: number): ByteReader {
  const reader = new ByteReader(record);
  const got = reader.u8();
  checkReader(reader);
  if (got !== type) throw corrupt(`record type ${String(got)}, not ${String(type)}`, 0);
  return reader;
}

/** Our refs have 32 bits; Prometheus counts its own up from 1 and stays below in practice. */
function checkRef(ref: number, offset: number): void {
  if (ref >= 0 && ref <= 0xffff_ffff) return;
  throw corrupt(`series reference ${String(ref)} beyond 32 bits`, offset);
}

function checkReader(reader: ByteReader): void {
  const { error } = reader;
  if (error === undefined) return;
  throw new TsdbError('TSDB_WAL_CORRUPT', `WAL record: ${error.message}`, { cause: error });
}

function corrupt(message: string, offset: number): TsdbError {
  return new TsdbError('TSDB_WAL_CORRUPT', `WAL record: ${message}`, { offset });
}
