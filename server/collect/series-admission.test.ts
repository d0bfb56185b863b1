import { describe, expect, test } from '@jest/globals';
import { FakeClock, seededRng, systemClock } from '../../lib/runtime/index.ts';
import { parseSettings } from '../settings/index.ts';
import { testSettings } from './collector-fixture.ts';
import { FakeStore } from './sample-store-fixture.ts';
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
        const { vary } = ours.decides;
        ref = vary(like.ref, labels[at]!, labels[at + 1]!);
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
});
