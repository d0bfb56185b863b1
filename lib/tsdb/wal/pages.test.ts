import { describe, expect, test } from '@jest/globals';

import { crc32c, toHex } from '../../bytes/index.ts';
import { seededRng, systemClock } from '../../runtime/index.ts';
import { MemorySource } from '../byte-source.ts';
import { TsdbError } from '../errors.ts';
import { PageFramer, WalSegmentReader, fragmentHeaderBytes, walPageBytes } from './index.ts';

const seed = Number(process.env['SEED'] ?? systemClock.nowMs() % 1_000_000);

/** Framing as plainly as possible: one fragment at a time onto a list of bytes. */
function naiveFrames(records: readonly Uint8Array[]): Uint8Array {
  const out: number[] = [];
  const left = () => walPageBytes - (out.length % walPageBytes);
  const pad = () => {
    if (left() < fragmentHeaderBytes) out.push(...new Uint8Array(left()));
  };
  for (const record of records) {
    let rest = record;
    let isFirst = true;
    do {
      pad();
      const part = rest.slice(0, left() - fragmentHeaderBytes);
      rest = rest.slice(part.length);
      const crc = crc32c(part);
      out.push(isFirst ? (rest.length === 0 ? 1 : 2) : rest.length === 0 ? 4 : 3);
      out.push(part.length >> 8, part.length & 255);
      out.push(crc >>> 24, (crc >>> 16) & 255, (crc >>> 8) & 255, crc & 255);
      for (const byte of part) out.push(byte);
      isFirst = false;
    } while (rest.length > 0);
    pad();
  }
  return Uint8Array.from(out);
}

function framed(records: readonly Uint8Array[]): Uint8Array {
  const framer = new PageFramer();
  const pieces: Uint8Array[] = [];
  for (const record of records) {
    const before = framer.segmentBytes;
    const expected = framer.framedBytes(record.length);
    framer.append(record);
    const padding = framer.segmentBytes - before - expected;
    expect(padding >= 0 && padding < fragmentHeaderBytes).toBe(true);
    // Cleared now and then: the place in the page must not depend on it.
    if (record.length % 2 === 0) {
      pieces.push(framer.pending.slice());
      framer.clear();
    }
  }
  pieces.push(framer.pending.slice());
  return new Uint8Array(Buffer.concat(pieces));
}

/** All records up to the end or the damage, and what that was. */
function readAll(bytes: Uint8Array): { records: Uint8Array[]; error?: TsdbError; offset: number } {
  const reader = new WalSegmentReader(new MemorySource(bytes), 3);
  const records: Uint8Array[] = [];
  try {
    for (let next = reader.next(); next !== undefined; next = reader.next()) records.push(next);
  } catch (error) {
    if (!(error instanceof TsdbError)) throw error;
    return { records, error, offset: reader.recordOffset };
  }
  return { records, offset: reader.recordOffset };
}

const payload = (length: number) =>
  Uint8Array.from({ length }, (_, at) => (at * 31 + length) & 255);

describe('WAL pages', () => {
  test('frames a small record', () => {
    const framer = new PageFramer();
    framer.append(Uint8Array.of(0x31, 0x32, 0x33, 0x34, 0x35, 0x36, 0x37, 0x38, 0x39));
    expect(toHex(framer.pending)).toBe('010009e3069283313233343536373839');
    framer.finishSegment();
    expect(framer.segmentBytes).toBe(walPageBytes);
    framer.finishSegment();
    expect(framer.segmentBytes).toBe(walPageBytes);
    framer.startSegment();
    expect(framer.segmentBytes).toBe(0);
  });

  test('knows whether a record still fits', () => {
    const framer = new PageFramer();
    const most = walPageBytes - fragmentHeaderBytes;
    expect(framer.fits(most, walPageBytes)).toBe(true);
    expect(framer.fits(most + 1, walPageBytes)).toBe(false);
    expect(framer.fits(2 * most, 2 * walPageBytes)).toBe(true);
    framer.append(payload(10));
    expect(framer.fits(most - 17, walPageBytes)).toBe(true);
    expect(framer.fits(most - 16, walPageBytes)).toBe(false);
  });

  test.each([0, 1, 6, 7, 8, 13, 14, 15])('frames with %p bytes left in the page', (left) => {
    const records = [payload(walPageBytes - fragmentHeaderBytes - left), payload(20), payload(0)];
    const bytes = framed(records);
    expect(toHex(bytes)).toBe(toHex(naiveFrames(records)));
    expect(readAll(bytes)).toMatchObject({ records });
  });

  test(`equals the naive twin and reads back, seed ${String(seed)}`, () => {
    const rng = seededRng(seed);
    for (let round = 0; round < 10; round++) {
      const records = Array.from({ length: 12 }, () =>
        payload(rng.u32() % (rng.u32() % 4 === 0 ? 100_000 : 9000)),
      );
      const bytes = framed(records);
      expect(crc32c(bytes)).toBe(crc32c(naiveFrames(records)));
      const read = readAll(bytes);
      expect(read.error).toBeUndefined();
      expect(read.records.length).toBe(records.length);
      read.records.forEach((record, at) => expect(crc32c(record)).toBe(crc32c(records[at]!)));
    }
  });
});

describe('WAL damage', () => {
  const records = [payload(40), payload(walPageBytes), payload(5), payload(0), payload(300)];
  const bytes = framed(records);
  /** Where each record begins, and where the last ends. */
  const starts: number[] = [];
  {
    const reader = new WalSegmentReader(new MemorySource(bytes), 3);
    while (reader.next() !== undefined) starts.push(reader.recordOffset);
    starts.push(reader.offset);
  }

  test('gives every whole record before a cut, at every offset that matters', () => {
    const cuts = new Set<number>([...Array(200).keys()]);
    for (let at = bytes.length - 700; at <= bytes.length; at++) cuts.add(at);
    for (let at = walPageBytes - 20; at < walPageBytes + 20; at++) cuts.add(at);
    for (const cut of cuts) {
      const read = readAll(bytes.subarray(0, cut));
      const whole = starts.slice(1).filter((end) => end <= cut).length;
      expect({ cut, count: read.records.length }).toEqual({ cut, count: whole });
      const isBetween = starts.includes(cut);
      expect(read.error?.code).toBe(isBetween ? undefined : 'TSDB_WAL_TORN');
      if (!isBetween) expect(read.error).toMatchObject({ segment: 3, offset: starts[whole] });
    }
  });

  test('stops at every flipped byte of a header or payload with segment and offset', () => {
    for (let at = 0; at < 120; at++) {
      const damaged = bytes.slice();
      damaged[at]! ^= 0x40;
      const { error } = readAll(damaged);
      expect(error?.code).toMatch(/^TSDB_WAL_(CORRUPT|TORN)$/);
      expect(error).toMatchObject({ segment: 3, offset: at < 47 ? 0 : 47 });
    }
  });

  test('tells compressed records apart', () => {
    for (const flag of [0x08, 0x10]) {
      const compressed = framed([payload(20)]);
      compressed[0]! |= flag;
      expect(readAll(compressed).error?.code).toBe('TSDB_WAL_COMPRESSED');
    }
  });

  test('refuses padding that is not zero, and fragments out of place', () => {
    const full = framed([payload(walPageBytes - fragmentHeaderBytes - 5), payload(1)]);
    full[walPageBytes - 1] = 1;
    expect(readAll(full)).toMatchObject({ error: { code: 'TSDB_WAL_CORRUPT' } });
    for (const type of [3, 4, 5, 0x21]) {
      const alone = framed([payload(20)]);
      alone[0] = type;
      expect(readAll(alone)).toMatchObject({ error: { code: 'TSDB_WAL_CORRUPT' } });
    }
    const interrupted = new Uint8Array([...framed([payload(20)]), ...framed([payload(20)])]);
    interrupted[0] = 2;
    expect(readAll(interrupted)).toMatchObject({ error: { code: 'TSDB_WAL_CORRUPT' } });
  });

  test.each([0, 1, 2, 3])('takes zeros for no part of a record, in page %p', (page) => {
    // The first record ends in page 2, where the second begins, which ends in page 3.
    const long = [payload(2 * walPageBytes), payload(walPageBytes), payload(3)];
    const holed = framed(long);
    holed.fill(0, page * walPageBytes, Math.min((page + 1) * walPageBytes, holed.length));
    const { records: read, error } = readAll(holed);
    expect(read).toEqual(page < 3 ? [] : [long[0]]);
    expect(error?.code).toBe(page === 3 ? 'TSDB_WAL_TORN' : 'TSDB_WAL_CORRUPT');
  });

  test('tells zeros behind the last record from the padding of its page', () => {
    const whole = framed([payload(20)]);
    const padded = new Uint8Array(walPageBytes);
    padded.set(whole);
    expect(readAll(padded)).toMatchObject({ records: [payload(20)], offset: whole.length });
    expect(readAll(padded).error).toBeUndefined();
    for (const length of [walPageBytes + 1, 2 * walPageBytes, 5 * walPageBytes - 7]) {
      const longer = new Uint8Array(length);
      longer.set(whole);
      expect(readAll(longer)).toMatchObject({
        ...{ records: [payload(20)], offset: whole.length, error: { code: 'TSDB_WAL_TORN' } },
      });
      longer[length - 1] = 1;
      expect(readAll(longer).error?.code).toBe('TSDB_WAL_CORRUPT');
    }
  });

  test('reads random bytes without any other error', () => {
    const rng = seededRng(seed);
    for (let round = 0; round < 200; round++) readAll(rng.bytes(rng.u32() % 300));
  });
});
