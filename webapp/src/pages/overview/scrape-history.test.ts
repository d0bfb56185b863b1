import { expect, test } from '@jest/globals';
import type { Target } from '../../../../api/index.ts';
import { ScrapeHistory, SHOWN_SCRAPES } from './scrape-history.ts';

function target(fields: Partial<Target>): Target {
  return {
    job: 'node',
    instance: 'a:9100',
    url: '',
    labels: {},
    state: 'up',
    lastScrapeMs: null,
    lastDurationMs: null,
    lastSamples: null,
    lastDropped: null,
    rejected: { outOfOrder: 0, tooOld: 0, tooNew: 0, duplicates: 0, duplicateLines: 0 },
    recent: [],
    lastError: null,
    gaps: [],
    ...fields,
  };
}

test('shows what the server tells, each scrape once', () => {
  const history = new ScrapeHistory();
  const outcomes = Array.from({ length: SHOWN_SCRAPES + 5 }, (_, i) => ({
    atMs: i,
    isUp: true,
    durationMs: 1,
  }));
  history.extend([target({ recent: outcomes.slice(0, 60) })]);
  const [seen] = history.extend([target({ recent: outcomes.slice(5) })]);
  expect(seen?.recent).toEqual(outcomes.slice(5));
});

test('gathers scrapes of a server that tells only the last one', () => {
  const history = new ScrapeHistory();
  history.extend([target({ lastScrapeMs: 15, lastDurationMs: 3 })]);
  history.extend([target({ lastScrapeMs: 15, lastDurationMs: 3 })]);
  const [seen] = history.extend([
    target({ state: 'down', lastScrapeMs: 30, lastDurationMs: 1_000 }),
  ]);
  expect(seen?.recent).toEqual([
    { atMs: 15, isUp: true, durationMs: 3 },
    { atMs: 30, isUp: false, durationMs: 1_000 },
  ]);
  const [absent] = history.extend([
    target({ job: 'other', state: 'absent', lastScrapeMs: 1, lastDurationMs: 1 }),
  ]);
  expect(absent?.recent).toEqual([]);
});

test('forgets targets that are gone', () => {
  const history = new ScrapeHistory();
  history.extend([target({ lastScrapeMs: 15, lastDurationMs: 3 })]);
  history.extend([]);
  expect(history.extend([target({})])[0]?.recent).toEqual([]);
});
