import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { lastGeneration, slotBits } from '../head/index.ts';
import type { Labels } from '../labels.ts';
import { SampleBatch } from '../sample-batch.ts';
import { encodeSeriesRecord, PageFramer, SamplesEncoder } from '../wal/index.ts';
import {
  addSample,
  benchStartMs as start,
  bitsOf,
  contentsOf,
  labelsOf,
  sorted,
  withBench,
  type Contents,
  type StoreBench,
} from './store-fixture.ts';

const hourMs = 3_600_000;

/** A WAL segment written record by record. */
class Segment {
  readonly #framer = new PageFramer();
  readonly #encoder = new SamplesEncoder();

  series(ref: number, labels: Labels): this {
    this.#framer.append(encodeSeriesRecord([{ ref, labels }]));
    return this;
  }

  sample(ref: number, timeMs: number, value: number): this {
    const batch = new SampleBatch(1);
    batch.push(ref, ...bitsOf(value), timeMs);
    this.#framer.append(this.#encoder.encode(batch));
    return this;
  }

  empty(): this {
    this.#framer.append(new Uint8Array(0));
    return this;
  }

  save(dir: string, name = '00000000'): void {
    mkdirSync(join(dir, 'wal'), { recursive: true });
    writeFileSync(join(dir, 'wal', name), this.#framer.pending);
  }
}

function contents(...samples: [Labels, number, number][]): string[] {
  const all: Contents = new Map();
  for (const [labels, timeMs, value] of samples) addSample(all, labels, timeMs, ...bitsOf(value));
  return sorted(all);
}

const a = labelsOf('a');
const b = labelsOf('b');
const c = labelsOf('c');

describe('references of a WAL', () => {
  test.each([
    ['labels that come twice with two references', 5, 6],
    ['references of one slot', 5, (1 << slotBits) | 5],
    ['references that are none of ours', 0, 0xffff_fff0],
    ['the highest generation', ((lastGeneration << slotBits) | 7) >>> 0, 7],
  ])('keeps series apart and together: %s', (_name, first, second) =>
    withBench(async ({ open, clock, dir }) => {
      new Segment()
        .series(first, a)
        .sample(first, start, 1)
        .series(second, b)
        .sample(second, start, 2)
        .sample(first, start + 1000, 3)
        .series(9, a)
        .sample(9, start + 2000, 4)
        .sample(77, start, 5)
        .save(dir);
      const want: [Labels, number, number][] = [
        [a, start, 1],
        [b, start, 2],
        [a, start + 1000, 3],
        [a, start + 2000, 4],
      ];
      let store = await open();
      const unnamed = '1 samples of the WAL were dropped because it does not name their series';
      expect(store.problems()).toMatchObject([{ code: 'TSDB_WAL_REPAIRED', message: unnamed }]);
      expect(store.lostRanges()).toEqual([{ mint: start, maxt: start + 1 }]);
      expect(sorted(await contentsOf(store))).toEqual(contents(...want));
      expect(store.stats().headSeries).toBe(2);
      // What is added now, and what a checkpoint makes of all of it, survives the next replay.
      const add = async (labels: Labels, timeMs: number, value: number) => {
        const batch = store.newBatch();
        batch.push(store.seriesRef(labels), ...bitsOf(value), timeMs);
        expect(await store.commit(batch)).toMatchObject({ appended: 1 });
        want.push([labels, timeMs, value]);
      };
      await clock.advance(4 * hourMs);
      await add(a, start + 2 * hourMs, 6);
      await add(b, start + 2 * hourMs, 7);
      await add(c, start + 2 * hourMs, 8);
      await store.close();
      store = await open();
      expect(sorted(await contentsOf(store))).toEqual(contents(...want));
      await add(c, start + 3 * hourMs + 1, 9);
      await store.maintain();
      expect(store.problems()).toHaveLength(1);
      expect(store.blocks()).toHaveLength(1);
      expect(readdirSync(join(dir, 'wal'))).toContain('checkpoint.00000002');
      await store.close();
      store = await open();
      expect([store.problems(), store.lostRanges()]).toEqual([[], []]);
      expect(sorted(await contentsOf(store))).toEqual(contents(...want));
    }),
  );

  test('gives no reference again that a WAL knows', () =>
    withBench(async ({ open, dir }) => {
      const old = (3 << slotBits) | 2;
      new Segment().series(old, a).series(1, b).sample(1, start, 1).save(dir);
      const store = await open();
      expect(store.isLive(old)).toBe(false);
      const refs = ['x', 'y', 'z', 'a'].map((name) => store.seriesRef(labelsOf(name)));
      expect(refs).not.toContain(old);
      expect(new Set([...refs, 1]).size).toBe(5);
    }));
});

test('a record without content costs none of those behind it', () =>
  withBench(async ({ open, dir }) => {
    new Segment().empty().series(1, a).empty().sample(1, start, 1).empty().save(dir);
    const store = await open();
    expect(sorted(await contentsOf(store))).toEqual(contents([a, start, 1]));
    expect(store.problems()).toEqual([]);
  }));

test('segments that a checkpoint covers are not read', () =>
  withBench(async ({ open, dir }) => {
    new Segment().series(1, a).sample(1, start, 1).save(dir, '00000004');
    mkdirSync(join(dir, 'wal', 'checkpoint.00000004'));
    mkdirSync(join(dir, 'wal', 'checkpoint.00000002'));
    new Segment().series(1, a).sample(1, start, 2).save(dir, 'checkpoint.00000004/00000000');
    new Segment().series(1, c).sample(1, start, 3).save(dir, 'checkpoint.00000002/00000000');
    new Segment().sample(1, start + 1000, 4).save(dir, '00000005');
    const store = await open();
    expect(sorted(await contentsOf(store))).toEqual(contents([a, start, 2], [a, start + 1000, 4]));
    expect(readdirSync(join(dir, 'wal'))).toContain('00000006');
  }));

describe('samples that are missing between others', () => {
  /** Opens the store twice: what is missing is told, and mended by the first time. */
  async function openTwice({ open }: StoreBench, want: string[], isMended = true) {
    const store = await open();
    const told = { problems: store.problems(), lost: store.lostRanges() };
    expect(sorted(await contentsOf(store))).toEqual(want);
    await store.close();
    const again = await open();
    expect(sorted(await contentsOf(again))).toEqual(want);
    if (isMended) expect([again.problems(), again.lostRanges()]).toEqual([[], []]);
    return told;
  }

  function spoil(dir: string, name: string): void {
    writeFileSync(join(dir, 'wal', name), new Uint8Array([0xff, 1, 2, 3]), { flag: 'a' });
  }

  test('behind damage in a checkpoint, which costs no segment', () =>
    withBench(async (bench) => {
      const { dir } = bench;
      mkdirSync(join(dir, 'wal', 'checkpoint.00000004'), { recursive: true });
      const checkpoint = new Segment().series(1, a).sample(1, start, 1).series(2, b);
      checkpoint.save(dir, 'checkpoint.00000004/00000000');
      spoil(dir, 'checkpoint.00000004/00000000');
      const segment = new Segment().sample(1, start + 9000, 2).sample(2, start + 9000, 3);
      segment.save(dir, '00000005');
      const want = contents([a, start, 1], [a, start + 9000, 2], [b, start + 9000, 3]);
      const { problems, lost } = await openTwice(bench, want);
      expect(problems).toMatchObject([{ code: 'TSDB_WAL_REPAIRED' }]);
      expect(lost).toEqual([{ mint: start, maxt: start + 9000 }]);
    }));

  test('of series that only a damaged checkpoint named', () =>
    withBench(async (bench) => {
      const { dir } = bench;
      mkdirSync(join(dir, 'wal', 'checkpoint.00000004'), { recursive: true });
      new Segment().series(1, a).sample(1, start, 1).save(dir, 'checkpoint.00000004/00000000');
      spoil(dir, 'checkpoint.00000004/00000000');
      new Segment()
        .sample(1, start + 1000, 2)
        .sample(2, start + 2000, 3)
        .sample(2, start + 7000, 3)
        .save(dir, '00000005');
      const want = contents([a, start, 1], [a, start + 1000, 2]);
      const { problems, lost } = await openTwice(bench, want, false);
      expect(problems.map(({ message }) => message)[1]).toContain('2 samples');
      expect(lost).toEqual([
        { mint: start, maxt: start + 1000 },
        { mint: start + 2000, maxt: start + 7001 },
      ]);
    }));

  test('behind the torn end of a segment that others follow, which no crash of ours leaves', () =>
    withBench(async (bench) => {
      new Segment().series(1, a).sample(1, start, 1).save(bench.dir);
      writeFileSync(join(bench.dir, 'wal', '00000000'), new Uint8Array([1, 0]), { flag: 'a' });
      new Segment().sample(1, start + 5000, 2).save(bench.dir, '00000001');
      const want = contents([a, start, 1], [a, start + 5000, 2]);
      const { problems, lost } = await openTwice(bench, want);
      expect(problems[0]?.message).toContain('the WAL is damaged in segment 00000000');
      expect(lost).toEqual([{ mint: start, maxt: start + 5000 }]);
    }));

  test('in segments that are not there', () =>
    withBench(async (bench) => {
      new Segment().series(1, a).sample(1, start, 1).save(bench.dir);
      new Segment().sample(1, start + 5000, 2).save(bench.dir, '00000002');
      const want = contents([a, start, 1], [a, start + 5000, 2]);
      const { problems, lost } = await openTwice(bench, want, false);
      expect(problems).toMatchObject([{ code: 'TSDB_WAL_REPAIRED' }]);
      expect(problems[0]?.message).toContain(join('wal', '00000002'));
      expect(lost).toEqual([{ mint: start, maxt: start + 5000 }]);
    }));

  test('in the segments that a WAL begins with', () =>
    withBench(async (bench) => {
      new Segment().series(1, a).sample(1, start, 1).save(bench.dir, '00000003');
      const { problems, lost } = await openTwice(bench, contents([a, start, 1]), false);
      expect(problems).toMatchObject([{ code: 'TSDB_WAL_REPAIRED' }]);
      expect(problems[0]?.message).toContain(join('wal', '00000003'));
      // Nobody knows since when.
      expect(lost).toEqual([{ mint: start, maxt: start + 1 }]);
    }));

  test('at the end are not told as a range: nobody knows where they ended', () =>
    withBench(async (bench) => {
      new Segment().series(1, a).sample(1, start, 1).save(bench.dir);
      spoil(bench.dir, '00000000');
      new Segment().sample(1, start + 5000, 2).save(bench.dir, '00000001');
      const { problems, lost } = await openTwice(bench, contents([a, start, 1]));
      expect([problems.length, lost]).toEqual([1, []]);
      // What was moved aside leaves no hole in the numbers, which promtool would not read.
      expect(readdirSync(join(bench.dir, 'wal')).sort()).toEqual([
        ...['00000000', '00000001', '00000002'],
      ]);
    }));
});

test('a WAL of another program, which compresses, is kept aside and told as such', () =>
  withBench(async ({ open, dir }) => {
    new Segment().series(1, a).sample(1, start, 1).save(dir);
    const path = join(dir, 'wal', '00000000');
    const bytes = readFileSync(path);
    bytes[0]! |= 0x08;
    writeFileSync(path, bytes);
    new Segment().sample(1, start + 1000, 2).save(dir, '00000001');
    const store = await open();
    expect(store.problems()).toMatchObject([{ code: 'TSDB_WAL_COMPRESSED' }]);
    const [, aside = ''] = /are in (.*)$/.exec(store.problems()[0]?.message ?? '') ?? [];
    expect(readdirSync(aside).sort()).toEqual(['00000000', '00000001']);
    expect(readFileSync(join(aside, '00000000'))).toEqual(bytes);
    expect(store.stats().headSamples).toBe(0);
  }));
