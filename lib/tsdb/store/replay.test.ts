import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
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
      expect(store.problems()).toEqual([]);
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
      expect(store.problems()).toEqual([]);
      expect(store.blocks()).toHaveLength(1);
      expect(readdirSync(join(dir, 'wal'))).toContain('checkpoint.00000002');
      await store.close();
      store = await open();
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

test('a damaged checkpoint costs what it held behind the damage, not the segments', () =>
  withBench(async ({ open, dir }) => {
    mkdirSync(join(dir, 'wal', 'checkpoint.00000004'), { recursive: true });
    const checkpoint = new Segment().series(1, a).sample(1, start, 1).series(2, b);
    checkpoint.save(dir, 'checkpoint.00000004/00000000');
    const path = join(dir, 'wal', 'checkpoint.00000004', '00000000');
    writeFileSync(path, new Uint8Array([0xff, 1, 2, 3]), { flag: 'a' });
    new Segment()
      .sample(1, start + 1000, 2)
      .sample(2, start, 3)
      .save(dir, '00000005');
    const want = contents([a, start, 1], [a, start + 1000, 2], [b, start, 3]);
    let store = await open();
    expect(store.problems()).toMatchObject([{ code: 'TSDB_WAL_REPAIRED' }]);
    expect(sorted(await contentsOf(store))).toEqual(want);
    await store.close();
    store = await open();
    expect(store.problems()).toEqual([]);
    expect(sorted(await contentsOf(store))).toEqual(want);
  }));
