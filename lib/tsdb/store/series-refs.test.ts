import { describe, expect, test } from '@jest/globals';
import { labelsFrom } from '../labels.ts';
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

describe('a series like a known one', () => {
  test('is made, found and logged as any other', () =>
    withBench(async ({ open }) => {
      let store = await open({ limits: { maxSeries: 3 } });
      const ref = store.seriesRef(['__name__', 'a', 'x', '1', 'y', '1']);
      const variant = store.variantRef(ref, 'x', '2')!;
      expect(store.seriesRef(['__name__', 'a', 'x', '2', 'y', '1'])).toBe(variant);
      expect(store.variantRef(variant, 'x', '1')).toBe(ref);
      expect(store.variantRef(ref, 'z', '1')).toBeUndefined();
      expect(store.variantRef(ref, 'x', '')).toBeUndefined();
      expect(store.variantRef(12345, 'x', '2')).toBeUndefined();
      expect(store.seriesCount).toBe(2);
      const third = store.variantRef(ref, '__name__', 'b')!;
      expect(store.variantRef(ref, 'x', 'too many')).toBeUndefined();
      expect(store.variantRef(third, '__name__', 'a')).toBe(ref);
      const batch = store.newBatch();
      for (const one of [ref, variant, third]) batch.push(one, ...bitsOf(1), start);
      await store.commit(batch);
      await store.close();
      store = await open();
      expect(store.findSeries(['__name__', 'a', 'x', '2', 'y', '1'])).toBe(variant);
      expect(store.findSeries(['__name__', 'b', 'x', '1', 'y', '1'])).toBe(third);
    }));
});

describe('many series like known ones', () => {
  test('are made, found and logged as any others, or none of them where there is no room for all', () =>
    withBench(async ({ open }) => {
      let store = await open({ limits: { maxSeries: 1100 } });
      const ref = store.seriesRef(['__name__', 'a', 'x', '0']);
      const ask = (values: string[], known = ref) => {
        const count = values.length;
        const refs = new Int32Array(count).fill(known);
        const [found, added] = [new Int32Array(count), new Int32Array(count)];
        const made = store.variantRefs({ count, refs, name: 'x', values, found, added });
        return { found: [...found], added: [...added.subarray(0, made)] };
      };
      const { found, added } = ask(['1', '0', '2', '1']);
      expect(found).toEqual([added[0], ref, added[1], added[0]]);
      expect(store.seriesRef(['__name__', 'a', 'x', '2'])).toBe(added[1]);
      expect(ask(['3'], 12345)).toEqual({ found: [-1], added: [] });
      const many = Array.from({ length: 1090 }, (_, at) => `v${String(at)}`);
      for (let at = 0; at < 1090; at += 109) ask(many.slice(at, at + 109));
      expect(store.seriesCount).toBe(1093);
      expect(ask(many.slice(0, 8)).found).toEqual(Array.from({ length: 8 }, () => -1));
      expect(ask(many.slice(0, 7)).added).toEqual([]);
      const batch = store.newBatch();
      const { found: kept } = ask(['1', '2', ...many.slice(-3)]);
      for (const one of kept) batch.push(one, ...bitsOf(1), start);
      await store.commit(batch);
      await store.close();
      expect(ask(['new', '1']).found).toEqual([-1, -1]);
      store = await open();
      for (const [at, value] of ['1', '2', ...many.slice(-3)].entries()) {
        expect(store.findSeries(['__name__', 'a', 'x', value])).toBe(kept[at]);
      }
    }));
});

describe('seriesRef', () => {
  test('gives one reference per label set', () =>
    withBench(async ({ open }) => {
      const store = await open();
      const ref = store.seriesRef(labelsOf('a', { x: '1' }));
      expect(store.seriesRef(labelsOf('a', { x: '1' }))).toBe(ref);
      expect(store.seriesRef(labelsOf('a', { x: '2' }))).not.toBe(ref);
      expect(store.seriesRef(labelsOf('a'))).not.toBe(ref);
    }));

  test('gives good references while the columns grow', () =>
    withBench(async ({ open }) => {
      const store = await open();
      const refs = Array.from({ length: 5000 }, (_, at) =>
        store.seriesRef(labelsOf(`m${String(at)}`)),
      );
      expect(new Set(refs).size).toBe(5000);
      expect(refs.every((ref) => store.isLive(ref))).toBe(true);
      expect(refs[4321]).toBe(store.seriesRef(labelsOf('m4321')));
    }));

  test('refuses a series beyond the limit and goes on with known ones', () =>
    withBench(async ({ open }) => {
      const store = await open({ limits: { maxSeries: 2 } });
      const ref = store.seriesRef(labelsOf('a'));
      store.seriesRef(labelsOf('b'));
      expect(() => store.seriesRef(labelsOf('c'))).toThrow(
        expect.objectContaining({ code: 'TSDB_SERIES_LIMIT' }),
      );
      expect(store.seriesRef(labelsOf('a'))).toBe(ref);
    }));

  test.each([
    ['no labels', []],
    ['half a pair', ['a']],
    ['empty value', ['a', '']],
    ['wrong order', ['b', '1', 'a', '1']],
    ['one name twice', ['a', '1', 'a', '2']],
  ])('refuses %s', (_name, labels) =>
    withBench(async ({ open }) => {
      const store = await open();
      expect(() => store.seriesRef(labels)).toThrow(
        expect.objectContaining({ code: 'TSDB_BAD_LABELS' }),
      );
    }),
  );

  test('orders labels of every script as bytes', () =>
    withBench(async ({ open, clock }) => {
      const store = await open();
      await clock.advance(1000);
      const want: Contents = new Map();
      for (const value of ['\u{1f600}', '\uffff', 'é', 'z', '\ue000']) {
        const labels = labelsFrom([
          ['__name__', 'm'],
          ['v', value],
        ]);
        const batch = store.newBatch();
        batch.push(store.seriesRef(labels), ...bitsOf(1), start);
        await store.commit(batch);
        addSample(want, labels, start, ...bitsOf(1));
      }
      expect(sorted(await contentsOf(store))).toEqual(sorted(want));
    }));
});

describe('the series of the head', () => {
  test('knows the largest metrics and labels', () =>
    withBench(async ({ open }) => {
      const store = await open();
      for (const [name, code] of ['a:1', 'b:1', 'b:2', 'b:3'].map((text) => text.split(':'))) {
        store.seriesRef(['__name__', name!, 'code', code!]);
      }
      store.seriesRef(['__name__', 'a']);
      expect(store.seriesCount).toBe(5);
      expect(store.topMetrics(1)).toEqual([{ name: 'b', series: 3 }]);
      expect(store.topLabels(9)).toEqual([
        { name: '__name__', series: 5, values: 2 },
        { name: 'code', series: 4, values: 3 },
      ]);
      expect(store.findSeries(['__name__', 'a'])).toBe(store.seriesRef(['__name__', 'a']));
      expect(store.findSeries(['__name__', 'c'])).toBeUndefined();
      expect(store.maxSeries).toBe(500_000);
    }));

  test('knows the values of a label, of series that had samples lately', () =>
    withBench(async ({ open, clock }) => {
      const store = await open();
      const put = async (name: string, host: string, atMs: number) => {
        const batch = store.newBatch();
        batch.push(store.seriesRef(['__name__', name, 'host', host]), ...bitsOf(1), atMs);
        await store.commit(batch);
      };
      await put('a', 'old', start);
      await put('b', 'old', start);
      await clock.advance(1000);
      await put('a', 'new', start + 1000);
      store.seriesRef(['__name__', 'a', 'host', 'never']);
      expect(store.labelValues('host', 0).sort()).toEqual(['new', 'old']);
      expect(store.labelValues('host', start + 1)).toEqual(['new']);
      expect(store.labelValues('host', start + 1001)).toEqual([]);
      expect(store.labelValues('other', 0)).toEqual([]);
      await put('b', 'old', start + 1000);
      expect(store.labelValues('host', start + 1).sort()).toEqual(['new', 'old']);
    }));
});
