import { describe, expect, test } from '@jest/globals';
import { FakeClock, seededRng, systemClock } from '../../../lib/runtime/index.ts';
import { parseSettings } from '../../settings/index.ts';
import { testSettings } from '../collector-fixture.ts';
import { FakeStore } from '../sample-store-fixture.ts';
import { SeriesAdmission, type SeriesRules } from './series-admission.ts';
import { SeriesGrowth } from './series-growth.ts';

const seed = Number(process.env['SEED'] ?? systemClock.nowMs() % 1_000_000_007);
const target = { job: 'calls', instance: 'a:8067' };
const { dropRules } = parseSettings({ DropRules: '{path="/x*"}\nb{code!="5*"}' }).settings;

/** A store, and who decides what gets into it. */
function admission(rules: Partial<SeriesRules>, growthLimit: number) {
  const store = new FakeStore();
  const growth = new SeriesGrowth(new FakeClock(), store);
  growth.limit = growthLimit;
  const settings = { ...testSettings, labelValueLengthLimit: 9, ...rules };
  return { store, growth, decides: new SeriesAdmission(target, settings, growth) };
}

/** As `vary`, asked as one of many. */
function varyOne(decides: SeriesAdmission, ref: number, name: string, value: string) {
  const found = Int32Array.of(7);
  const series = { refs: Int32Array.of(ref), name, values: [value] };
  const longestValue = value.length;
  decides.varyEach({ count: 1, longestValue, ...series, found, added: new Int32Array(1) });
  return found[0]! < 0 ? undefined : found[0];
}

/** The reference, or the code of the error. */
function attempt(decide: () => number): number | string {
  try {
    return decide();
  } catch (error) {
    return String((error as { code?: unknown }).code);
  }
}

describe(`a series like a known one (seed ${String(seed)})`, () => {
  test.each([
    ['labels honoured', { honorLabels: true }, 0],
    ['labels of the target first', { honorLabels: false }, 0],
    ['drop rules', { dropRules }, 0],
    ['a limit to growth', {}, 12],
  ] as const)('is decided about as any other: %s', (_, rules, limit) => {
    const { u32 } = seededRng(seed);
    const ours = admission(rules, limit);
    const theirs = admission(rules, limit);
    const known: { ref: number; labels: string[] }[] = [];
    let varied = 0;
    for (let round = 0; round < 600; round++) {
      const values = ['500', '404', '/x', '/y', 'b:1', 'long value', String(u32() % 50)];
      const value = () => values[u32() % values.length]!;
      let labels = ['__name__', 'ab'[u32() % 2]!, 'job', value(), 'code', value(), 'path', value()];
      const like = round % 3 === 0 ? undefined : known[u32() % Math.max(1, known.length)];
      let ref: number | string | undefined;
      if (like !== undefined) {
        const at = 2 + 2 * (u32() % 3);
        labels = like.labels.with(at + 1, value());
        ref =
          u32() % 2 === 0
            ? ours.decides.vary(like.ref, labels[at]!, labels[at + 1]!)
            : varyOne(ours.decides, like.ref, labels[at]!, labels[at + 1]!);
        if (ref !== undefined) varied++;
      }
      ref ??= attempt(() => ours.decides.resolve(labels));
      expect([labels, ref]).toEqual([labels, attempt(() => theirs.decides.resolve(labels))]);
      if (typeof ref === 'number' && ref >= 0) known.push({ ref, labels });
      expect(ours.growth.created).toBe(theirs.growth.created);
    }
    expect(ours.store.keys()).toEqual(theirs.store.keys());
    expect(ours.growth.cutOffs).toEqual(theirs.growth.cutOffs);
    expect(varied).toBeGreaterThan(limit === 0 ? 30 : 0);
  });

  test('is asked about one by one when many could be one too many', () => {
    const { growth, decides, store } = admission({}, 12);
    const ref = decides.resolve(['__name__', 'm', 'x', '0']);
    const ask = (from: number, count: number) => {
      const values = Array.from({ length: count }, (_, at) => String(from + at));
      const refs = new Int32Array(count).fill(ref);
      const [found, added] = [new Int32Array(count), new Int32Array(count)];
      decides.varyEach({ count, refs, name: 'x', values, longestValue: 2, found, added });
      return [...found];
    };
    expect(ask(1, 8)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect([growth.created, store.seriesCount]).toEqual([9, 9]);
    expect(ask(9, 8)).toEqual(Array.from({ length: 8 }, () => -1));
    expect([growth.created, store.seriesCount]).toEqual([9, 9]);
    expect(ask(9, 2)).toEqual([9, 10]);
    expect(growth.cutOffs).toEqual([]);
    expect(ask(11, 1)).toEqual([-1]);
    expect(decides.resolve(['__name__', 'm', 'x', '11'])).toBe(11);
    expect(growth.cutOffs).toMatchObject([{ metric: 'm', limit: 12 }]);
    expect(ask(1, 1)).toEqual([-1]);
    // What is known of the metric goes on, what is new of it does not, and others do.
    const resolved = [['m', '1'] as const, ['m', '12'] as const, ['n', '12'] as const].map(
      ([metric, x]) => decides.resolve(['__name__', metric, 'x', x]),
    );
    expect(resolved).toEqual([1, -1, 12]);
  });
});
