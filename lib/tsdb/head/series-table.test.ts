import { describe, expect, test } from '@jest/globals';
import { seededRng } from '../../runtime/index.ts';
import { testSeed } from '../store/store-fixture.ts';
import { lastGeneration, maxSlots, slotBits } from './limits.ts';
import { SeriesTable } from './series-table.ts';

/** Compares the counts by metric and label with those of a list of series. */
function expectCounts(table: SeriesTable, series: readonly { labels: string[] }[]): void {
  const metrics = new Map<string, number>();
  const labelNames = new Map<string, { series: number; values: Set<string> }>();
  for (const { labels } of series) {
    metrics.set(labels[1]!, (metrics.get(labels[1]!) ?? 0) + 1);
    for (let at = 0; at < labels.length; at += 2) {
      const entry = labelNames.get(labels[at]!) ?? { series: 0, values: new Set() };
      labelNames.set(labels[at]!, entry);
      entry.series++;
      entry.values.add(labels[at + 1]!);
    }
  }
  const counts = table.topMetrics(1000);
  expect(Object.fromEntries(counts.map((one) => [one.name, one.series]))).toEqual(
    Object.fromEntries(metrics),
  );
  expect(counts.map((one) => one.series)).toEqual([...metrics.values()].sort((a, b) => b - a));
  expect(table.topMetrics(3)).toEqual(counts.slice(0, 3));
  for (const { name, series: count, values } of table.topLabels(10)) {
    const expected = labelNames.get(name)!;
    expect({ name, count, values }).toEqual({
      name,
      count: expected.series,
      values: expected.values.size,
    });
  }
}

describe('series table', () => {
  test('finds and adds what differs in one value from a known series as any other', () => {
    const seed = testSeed();
    const { u32 } = seededRng(seed);
    const table = new SeriesTable();
    const alive: { slot: number; labels: string[] }[] = [];
    const add = (labels: string[]) => alive.push({ slot: table.add(labels), labels });
    add(['__name__', 'm', 'x', '0', 'z', '0']);
    for (let step = 0; step < 4000; step++) {
      const known = alive[u32() % alive.length]!;
      const at = 2 * (u32() % (known.labels.length / 2));
      const name = u32() % 20 === 0 ? 'no such label' : known.labels[at]!;
      const value = ['m', '0', `value number ${String(u32() % 60)}`][u32() % 3]!;
      const labels = known.labels.with(at + 1, value);
      if (!labels.includes(name)) {
        expect(table.findVariant(known.slot, name, value)).toBe(-1);
        continue;
      }
      const expected = table.find(labels);
      expect([step, table.findVariant(known.slot, name, value)]).toEqual([step, expected]);
      if (expected === 0) {
        const slot = table.addVariant(value);
        expect(table.labels(slot)).toEqual(labels);
        expect(table.find(labels)).toBe(slot);
        alive.push({ slot, labels });
      } else if (alive.length > 100) {
        const [gone] = alive.splice(u32() % alive.length, 1);
        table.remove(gone!.slot);
        expect(table.find(gone!.labels)).toBe(0);
      }
    }
    expect(table.count).toBe(alive.length);
    expectCounts(table, alive);
  });

  test('finds and adds many at a time as one by one', () => {
    const seed = testSeed();
    const { u32 } = seededRng(seed);
    const table = new SeriesTable();
    const alive = new Map<string, { slot: number; labels: string[] }>();
    const note = (slot: number, labels: string[]) => alive.set(labels.join(), { slot, labels });
    const first = ['__name__', 'm', 'x', '0', 'z', '0'];
    note(table.add(first), first);
    for (let step = 0; step < 400; step++) {
      const known = [...alive.values()];
      const count = u32() % 40;
      const wanted = Array.from({ length: count }, () => known[u32() % known.length]!);
      const name = ['x', 'z', '__name__', 'no such label'][u32() % 40 === 0 ? 3 : u32() % 3]!;
      const values = wanted.map(
        () => `v${String(u32() % 90)}${u32() % 30 === 0 ? '' : 'long enough'}`,
      );
      if (count > 0 && u32() % 9 === 0) values[0] = '';
      const refs = Int32Array.from(wanted, ({ slot }) => table.refs[slot]!);
      const isGone = count > 0 && u32() % 9 === 0;
      if (isGone) refs[count - 1] = 7 << slotBits;
      const [found, added] = [new Int32Array(count), new Int32Array(count)];
      const expectedNew = new Set<string>();
      const addedCount = table.addVariants({ count, refs, name, values, found, added });
      for (const [at, { labels }] of wanted.entries()) {
        const isAsked =
          values[at] !== '' && name !== 'no such label' && !(isGone && at === count - 1);
        if (!isAsked) {
          expect([seed, found[at]]).toEqual([seed, -1]);
          continue;
        }
        const wantedLabels = labels.with(labels.indexOf(name) + 1, values[at]!);
        const slot = table.find(wantedLabels);
        expect([seed, step, found[at]]).toEqual([seed, step, table.refs[slot]]);
        expect(table.labels(slot)).toEqual(wantedLabels);
        const before = alive.get(wantedLabels.join());
        if (before === undefined) expectedNew.add(wantedLabels.join());
        else if (!expectedNew.has(wantedLabels.join())) expect(before.slot).toBe(slot);
        note(slot, wantedLabels);
      }
      expect(addedCount).toBe(expectedNew.size);
      expect(new Set(added.subarray(0, addedCount)).size).toBe(addedCount);
      for (const { slot, labels } of [...alive.values()].slice(1)) {
        if (alive.size < 150 || u32() % 2 === 0) continue;
        table.remove(slot);
        alive.delete(labels.join());
      }
      expect(table.count).toBe(alive.size);
    }
    expectCounts(table, [...alive.values()]);
  });

  test('gives no reference that is no positive signed number', () => {
    expect(((lastGeneration << slotBits) | (maxSlots - 1)) >> 0).toBeGreaterThan(0);
  });

  test('finds what a Map finds, over many births and deaths', () => {
    const seed = testSeed();
    const rng = seededRng(seed);
    const table = new SeriesTable();
    const model = new Map<string, { ref: number; slot: number; labels: string[] }>();
    const everRefs = new Set<number>();
    for (let step = 0; step < 20_000; step++) {
      const labels = [
        '__name__',
        `m${String(rng.u32() % 40)}`,
        'x',
        `long value ${String(rng.u32() % 90)}`,
      ];
      if (rng.u32() % 3 === 0) labels.push('z', String(rng.u32() % 3));
      const key = labels.join('|');
      const known = model.get(key);
      const slot = table.find(labels);
      if (slot !== (known?.slot ?? 0)) throw new Error(`SEED=${String(seed)}: ${key}`);
      if (known === undefined) {
        const added = table.add(labels);
        const ref = table.refs[added]!;
        expect([seed, everRefs.has(ref)]).toEqual([seed, false]);
        everRefs.add(ref);
        model.set(key, { ref, slot: added, labels });
      } else if (rng.u32() % 2 === 0) {
        table.remove(known.slot);
        model.delete(key);
        if (table.slotOf(known.ref) !== 0) throw new Error(`SEED=${String(seed)}: dead reference`);
      }
    }
    expectCounts(table, [...model.values()]);
    expect(table.count).toBe(model.size);
    for (const { ref, slot, labels } of model.values()) {
      expect(table.slotOf(ref)).toBe(slot);
      expect(table.labels(slot)).toEqual(labels);
    }
  });

  test('retires a slot whose references are used up', () => {
    const table = new SeriesTable();
    const refs = new Set<number>();
    for (let life = 0; life <= lastGeneration + 3; life++) {
      const slot = table.add(['a', String(life)]);
      refs.add(table.refs[slot]!);
      table.remove(slot);
    }
    expect(refs.size).toBe(lastGeneration + 4);
    expect(table.slotEnd).toBe(3);
    expect(Math.max(...refs) >>> slotBits).toBe(lastGeneration);
  });

  test('adds what it has not found, also when texts went meanwhile', () => {
    const table = new SeriesTable();
    const gone = table.add(['__name__', 'shared', 'x', 'gone']);
    const labels = ['__name__', 'shared', 'y', 'gone'];
    expect(table.find(labels)).toBe(0);
    table.remove(gone);
    const other = table.add(['a', 'other']);
    const slot = table.add(labels);
    expect(table.labels(slot)).toEqual(labels);
    expect(table.labels(other)).toEqual(['a', 'other']);
    const twice = ['b', 'c', 'c', 'b'];
    expect(table.find(twice)).toBe(0);
    expect(table.labels(table.add(twice))).toEqual(twice);
    table.remove(table.find(twice));
    expect(table.symbols.find('c')).toBe(-1);
  });

  test('forgets the texts of series that are gone', () => {
    const table = new SeriesTable();
    for (let life = 0; life < 1000; life++) {
      table.remove(table.add(['__name__', 'm', 'life', String(life)]));
    }
    expect(table.symbols.size).toBeLessThanOrEqual(8);
    expect(table.pairsEnd).toBe(4);
    expect(table.symbols.find('999')).toBe(-1);
  });
});
