import { readFileSync } from 'node:fs';

import { describe, expect, test } from '@jest/globals';

import { ByteWriter, compareUtf8, crc32c, toHex } from '../../bytes/index.ts';
import { seededRng, systemClock } from '../../runtime/index.ts';
import { MemorySource } from '../byte-source.ts';
import type { ChunkMeta } from '../chunk/index.ts';
import { TsdbError } from '../errors.ts';
import { compareLabels, labelValue, labelsFrom, type Labels } from '../labels.ts';
import { IndexReader, IndexWriter } from './index.ts';

const vectors = `${import.meta.dirname}/../../../test/vectors/tsdb`;

const seed = Number(process.env['SEED'] ?? systemClock.nowMs() % 1_000_000);

interface TestSeries {
  labels: Labels;
  chunks: ChunkMeta[];
}

/** An index in memory; without `symbols` those that the series use. */
function write(series: readonly TestSeries[], symbols?: readonly string[]): Uint8Array {
  const used = symbols ?? [...new Set(series.flatMap(({ labels }) => labels))].sort(compareUtf8);
  const positions = new Map(used.map((symbol, at) => [symbol, at]));
  const out = new ByteWriter();
  const writer = new IndexWriter({ write: (bytes) => out.bytes(bytes) }, used);
  for (const { labels, chunks } of series) {
    writer.addSeries(
      labels.map((text) => positions.get(text) ?? -1),
      chunks,
    );
  }
  writer.finish();
  expect(writer.length).toBe(out.length);
  return out.finish().slice();
}

function open(bytes: Uint8Array): IndexReader {
  return new IndexReader(new MemorySource(bytes));
}

/** Reads everything that an index holds. */
function readAll(bytes: Uint8Array): TestSeries[] {
  const index = open(bytes);
  const series = [...index.allPostings()].map((ref) => index.series(ref));
  for (const name of index.labelNames()) {
    for (const value of index.labelValues(name)) index.postings(name, value);
  }
  return series.map(({ labels, chunks }) => ({ labels, chunks: [...chunks] }));
}

function randomSeries(rng: { u32(): number }, count: number): TestSeries[] {
  const sets = new Map<string, Labels>();
  const texts = ['a', 'B', 'é', '～', '😀', 'le', '0.5', 'x'.repeat(130), '__name__'];
  const text = () => texts[rng.u32() % texts.length]! + String(rng.u32() % 4);
  while (sets.size < count) {
    const pairs = new Map(Array.from({ length: 1 + (rng.u32() % 5) }, () => [text(), text()]));
    const labels = labelsFrom(pairs);
    sets.set(JSON.stringify(labels), labels);
  }
  let ref = 8;
  return [...sets.values()].sort(compareLabels).map((labels) => {
    const chunks: ChunkMeta[] = [];
    let time = rng.u32() % 2 === 0 ? -(rng.u32() * 1000) : 1.7e12;
    for (let left = rng.u32() % 5; left > 0; left--) {
      const mint = time + 1 + (rng.u32() % 100_000);
      const maxt = mint + (rng.u32() % 8_000_000);
      chunks.push({ mint, maxt, ref });
      time = maxt;
      ref += rng.u32() % 50 === 0 ? 2 ** 32 : rng.u32() % 1000;
    }
    return { labels, chunks };
  });
}

const small: TestSeries[] = [
  { labels: ['a', '1'], chunks: [{ mint: -5, maxt: 10, ref: 8 }] },
  {
    labels: ['a', '1', 'b', '2'],
    chunks: [
      { mint: 0, maxt: 10, ref: 40 },
      { mint: 11, maxt: 300, ref: 200 },
    ],
  },
];

describe('index', () => {
  test('writes the bytes that the format page draws', () => {
    const bytes = write(small);
    expect(toHex(bytes.subarray(0, 25))).toBe(
      'baaad70002' +
        '0000000c' +
        '00000004' +
        '0131' +
        '0132' +
        '0161' +
        '0162' +
        toHex(bytes.subarray(21, 25)),
    );
    // First series at the next multiple of 16: length, one label, one chunk from -5 to 10 at 8.
    expect(toHex(bytes.subarray(25, 32))).toBe('00'.repeat(7));
    expect(toHex(bytes.subarray(32, 40))).toBe('07' + '01' + '0200' + '01' + '09' + '0f' + '08');
    // Second: two labels, two chunks, the second one 1 ms and 160 bytes further.
    expect(toHex(bytes.subarray(48, 63))).toBe(
      '0e' + '02' + '0200' + '0301' + '02' + '00' + '0a' + '28' + '01' + 'a102' + 'c002',
    );
    const toc = open(bytes).toc;
    expect(toc).toMatchObject({ symbols: 5, series: 25, labelIndices: 67, postings: 67 });
    expect(toc.labelOffsetTable).toBe(toc.postingsTable);
    expect(toHex(bytes.subarray(68, 80))).toBe('0000000c' + '00000002' + '00000002');
  });

  test(`gives back what went in, seed ${String(seed)}`, () => {
    const rng = seededRng(seed);
    for (let round = 0; round < 20; round++) {
      const series = randomSeries(rng, 1 + (rng.u32() % 60));
      const bytes = write(series);
      expect(readAll(bytes)).toEqual(series);
      const index = open(bytes);
      const names = new Set(series.flatMap(({ labels }) => labels.filter((_, at) => at % 2 === 0)));
      expect(index.labelNames()).toEqual([...names].sort(compareUtf8));
      const all = [...index.allPostings()];
      for (const name of names) {
        const values = new Set(series.map(({ labels }) => labelValue(labels, name) ?? ''));
        values.delete('');
        expect(index.labelValues(name)).toEqual([...values].sort(compareUtf8));
        for (const value of values) {
          const wanted = all.filter((_, at) => labelValue(series[at]!.labels, name) === value);
          expect([...index.postings(name, value)]).toEqual(wanted);
        }
      }
      expect(index.postings('no', 'such').length).toBe(0);
      expect(index.labelValues('no')).toEqual([]);
    }
  });

  test('writes an index without series', () => {
    const index = open(write([]));
    expect([...index.allPostings()]).toEqual([]);
    expect(index.symbols()).toEqual([]);
    expect(index.labelNames()).toEqual([]);
  });

  test.each(['01M7W6S83T2VVMV8J1QZG9HRD8', '01M7W6S8470ATQAJRFQHXCTT05'])(
    'writes symbols, series and postings of Prometheus block %s byte for byte',
    (ulid) => {
      const bytes = new Uint8Array(readFileSync(`${vectors}/${ulid}/index`));
      const theirs = open(bytes);
      const series = [...theirs.allPostings()].map((ref) => theirs.series(ref));
      const ours = write(
        series.map(({ labels, chunks }) => ({ labels, chunks: [...chunks] })),
        theirs.symbols(),
      );
      const { toc } = open(ours);
      // Prometheus 2.42 wrote two sections more that nobody reads; the rest is the same.
      expect(toHex(ours.subarray(0, toc.labelIndices))).toBe(
        toHex(bytes.subarray(0, theirs.toc.labelIndices)),
      );
      const lists = (index: IndexReader, data: Uint8Array, end: number) =>
        toHex(data.subarray(Math.ceil(index.toc.postings / 4) * 4, end));
      expect(lists(open(ours), ours, toc.postingsTable)).toBe(
        lists(theirs, bytes, theirs.toc.labelOffsetTable),
      );
    },
  );
});

describe('index order', () => {
  const f = (run: () => unknown, code: string) =>
    expect(run).toThrow(expect.objectContaining({ code }));
  const chunk = (mint: number, maxt: number, ref = 8): ChunkMeta => ({ mint, maxt, ref });

  test('is enforced', () => {
    const order = 'TSDB_OUT_OF_ORDER';
    f(() => write([], ['b', 'a']), order);
    f(() => write([], ['a', 'a']), order);
    f(() => write([], ['😀', '～']), order);
    f(() => write([{ labels: ['a', 'missing'], chunks: [] }], ['a']), order);
    f(() => write([{ labels: ['b', 'x', 'a', 'x'], chunks: [] }]), order);
    f(() => write([{ labels: ['a', 'x', 'a', 'y'], chunks: [] }]), order);
    f(() => write([small[1]!, small[0]!]), order);
    f(() => write([small[0]!, small[0]!]), order);
    f(() => write([{ labels: [], chunks: [] }]), order);
    f(() => write([{ labels: ['a', 'x'], chunks: [chunk(5, 4)] }]), order);
    f(() => write([{ labels: ['a', 'x'], chunks: [chunk(1, 4), chunk(4, 5, 9)] }]), order);
    f(() => write([{ labels: ['a', 'x'], chunks: [chunk(1, 4, 9), chunk(5, 6, 8)] }]), order);
    const writer = new IndexWriter({ write: () => undefined }, []);
    writer.finish();
    f(() => writer.finish(), order);
    f(() => writer.addSeries([], []), order);
  });
});

describe('damaged index', () => {
  const bytes = write(small);
  const tryRead = (damaged: Uint8Array): TsdbError | undefined => {
    try {
      readAll(damaged);
      return undefined;
    } catch (error) {
      if (error instanceof TsdbError) return error;
      throw error;
    }
  };

  test('is reported at every truncation', () => {
    for (let length = 0; length < bytes.length; length++) {
      expect(tryRead(bytes.slice(0, length))?.code).toMatch(
        /^TSDB_(TRUNCATED|BAD_CHECKSUM|BAD_MAGIC|CORRUPT)$/,
      );
    }
  });

  test('is reported at every flipped bit, but for padding', () => {
    const { toc } = open(bytes);
    const isPadding = (at: number) =>
      (at >= toc.series && at < 32) || (at >= 44 && at < 48) || at === 67;
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const at = bit >> 3;
      const damaged = bytes.slice();
      damaged[at]! ^= 1 << (bit & 7);
      const error = tryRead(damaged);
      // Version 3 reads as version 2 does.
      if (isPadding(at) || (at === 4 && damaged[4] === 3)) expect(error).toBeUndefined();
      else if (error === undefined) expect({ at, bit }).toBe('an error');
    }
  });

  test('never fails in another way, even with right checksums', () => {
    const rng = seededRng(seed);
    for (let round = 0; round < 3000; round++) {
      const damaged = bytes.slice();
      for (let flips = 1 + (rng.u32() % 3); flips > 0; flips--) {
        damaged[rng.u32() % damaged.length] = rng.u32() & 255;
      }
      repairChecksums(damaged);
      tryRead(damaged);
    }
  });

  test('tells versions apart', () => {
    for (const version of [0, 1, 4, 255]) {
      const other = bytes.slice();
      other[4] = version;
      expect(tryRead(other)?.code).toBe('TSDB_BAD_VERSION');
    }
    expect(tryRead(new Uint8Array(200))?.code).toBe('TSDB_BAD_MAGIC');
  });
});

/** Puts right checksums where the sections of the small index end. */
function repairChecksums(bytes: Uint8Array): void {
  const view = new DataView(bytes.buffer);
  const section = (from: number, to: number) => view.setUint32(to, crc32c(bytes, from, to));
  section(9, 21);
  section(33, 40);
  section(49, 63);
  section(72, 84);
  section(92, 104);
  section(112, 120);
  section(128, bytes.length - 56);
  section(bytes.length - 52, bytes.length - 4);
}
