import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { seededRng, systemClock } from '../../../lib/runtime/index.ts';
import { newUlid, openBlock, writeBlock, type BlockReader } from '../../../lib/tsdb/index.ts';
import { bitsOf, put, seriesOf, type Model } from '../../../lib/tsdb/model-fixture.ts';
import { removeTree } from '../../share/block-fixture.ts';
import { seriesFilter } from '../selection/filter.ts';
import { selectedSeries } from './selected-series.ts';
import { SeriesUnion } from './series-union.ts';

const seed = Number(process.env['SEED'] ?? systemClock.nowMs() % 1_000_000);
const rng = seededRng(seed);

let root: string;
let readers: BlockReader[];

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'selected-'));
  readers = [];
});

afterEach(async () => {
  for (const reader of readers) reader.close();
  await removeTree(root);
});

function block(labelSets: string[][]): BlockReader {
  const model: Model = new Map();
  for (const labels of labelSets) put(model, labels, 5, bitsOf(1));
  const ulid = newUlid(1, rng);
  const { dir } = writeBlock({ parentDir: root, ulid, series: seriesOf(model) })!;
  const reader = openBlock(dir);
  readers.push(reader);
  return reader;
}

function some<T>(list: readonly T[]): T[] {
  return list.filter(() => rng.u32() % 3 === 0);
}

const names = Array.from({ length: 30 }, (_, at) => `m${String(at)}`);
const instances = ['app1:80', 'app1:81', 'APP2:80', '[2001:db8::1]:80', 'app3'];

test(`selects the series that a filter lets through, seed ${String(seed)}`, () => {
  const sets = names.flatMap((name) =>
    some([...instances, '']).flatMap((instance) =>
      some(['a', 'b', '']).map((job) => [
        ...['__name__', name],
        ...(instance === '' ? [] : ['instance', instance]),
        ...(job === '' ? [] : ['job', job]),
      ]),
    ),
  );
  const reader = block([...sets, ['__name__', 'always', 'instance', 'app1:80', 'job', 'a']]);
  for (let round = 0; round < 50; round++) {
    const filter = {
      nodes: some(['app1', 'app1:81', 'app2', '2001:db8::1', 'app9']),
      jobs: some(['a', 'b', 'c']),
      metrics: some(['m1*', 'm2', '*5', 'always', 'x*']),
    };
    const fits = seriesFilter(filter);
    const wanted = [...reader.series()].filter(({ labels }) => fits(labels)).map(({ ref }) => ref);
    expect([...selectedSeries(reader.index, filter)]).toEqual(wanted);
  }
  expect(selectedSeries(reader.index, null)).toEqual(reader.index.allPostings());
});

test('counts the series of several blocks together, and goes on as they do', () => {
  const union = new SeriesUnion();
  expect(union.total(3)).toBe(0);
  for (const fresh of ['x', 'y']) {
    const reader = block([...names, `${fresh}1`, `${fresh}2`].map((name) => ['__name__', name]));
    union.add(reader, selectedSeries(reader.index, null));
  }
  expect(union.total(2)).toBe(34);
  expect(union.total(4)).toBe(38);
});

test('counts some metrics of large blocks only', () => {
  const sets = Array.from({ length: 12_000 }, (_, at) => [
    ...['__name__', `metric_${String(at >> 2)}`],
    ...['part', String(at % 4)],
  ]);
  const reader = block(sets);
  const union = new SeriesUnion();
  union.add(reader, selectedSeries(reader.index, null));
  union.add(reader, selectedSeries(reader.index, null));
  expect(union.total(2)).toBeCloseTo(12_000, -3);
});
