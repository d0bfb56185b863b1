import { ok } from 'node:assert/strict';
import type { PrintedSample } from './dump-archive.ts';

/** Series by their labels: values by time. promtool tells a staleness marker as NaN. */
export type SeriesModel = Map<string, Map<number, number>>;

/** The series that samples are of; `labelOf` says what stands for a label's value. */
export function seriesOf(
  samples: readonly PrintedSample[],
  labelOf: (value: string) => string = (value) => value,
): SeriesModel {
  const model: SeriesModel = new Map();
  const keys = new Map<string, string>();
  for (const { labels, timeMs, value } of samples) {
    const raw = keyOf(labels);
    const key = keys.get(raw) ?? keyOf(new Map([...labels].map(([name, v]) => [name, labelOf(v)])));
    keys.set(raw, key);
    const series = model.get(key) ?? new Map<number, number>();
    series.set(timeMs, value);
    model.set(key, series);
  }
  // Else two series have become one.
  ok(model.size === keys.size, `${keys.size} series have ${model.size} sets of labels`);
  return model;
}

export function keyOf(labels: Iterable<[string, string]>): string {
  return JSON.stringify([...labels].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The labels of a key. */
export function labelsOf(key: string): Map<string, string> {
  return new Map(JSON.parse(key) as [string, string][]);
}

/** Throws with the first differences; returns how many samples are equal. */
export function compareSeries(found: SeriesModel, expected: SeriesModel): number {
  const differences: string[] = [];
  let equal = 0;
  for (const key of new Set([...expected.keys(), ...found.keys()])) {
    const [theirs, ours] = [expected.get(key) ?? new Map(), found.get(key) ?? new Map()];
    for (const timeMs of new Set<number>([...theirs.keys(), ...ours.keys()])) {
      const [a, b] = [theirs.get(timeMs), ours.get(timeMs)] as (number | undefined)[];
      if (Object.is(a, b)) equal++;
      else differences.push(`${key} at ${timeMs}: ${String(b)}, expected ${String(a)}`);
    }
  }
  ok(
    differences.length === 0,
    `${differences.length} differ:\n${differences.slice(0, 10).join('\n')}`,
  );
  return equal;
}

/**
 * {@link compareSeries} with what Prometheus answers to a range of everything: staleness markers, which
 * promtool prints like any other NaN, are no samples there.
 */
export function compareAnswer(answer: SeriesModel, printed: SeriesModel): number {
  for (const [key, series] of answer) {
    for (const [timeMs, value] of series) {
      const wanted = printed.get(key)?.get(timeMs);
      ok(Object.is(value, wanted), `${key} at ${timeMs}: ${value}, expected ${String(wanted)}`);
    }
  }
  return compareSeries(numbersOf(answer), numbersOf(printed));
}

function numbersOf(model: SeriesModel): SeriesModel {
  const kept: SeriesModel = new Map();
  for (const [key, series] of model) {
    const values = [...series].filter(([, value]) => !Number.isNaN(value));
    if (values.length > 0) kept.set(key, new Map(values));
  }
  return kept;
}
