import { expect, test } from '@jest/globals';
import { maxRecentScrapes } from '../limits.ts';
import { RecentScrapes } from './recent-scrapes.ts';

test.each([0, 1, maxRecentScrapes - 1, maxRecentScrapes, maxRecentScrapes + 1, 1000])(
  'keeps the newest of %i scrapes, oldest first',
  (count) => {
    const recent = new RecentScrapes();
    const all = Array.from({ length: count }, (_, i) => ({
      atMs: i * 15_000,
      isUp: i % 7 !== 0,
      durationMs: i,
    }));
    for (const outcome of all) recent.note(outcome);
    expect(recent.list()).toEqual(all.slice(-maxRecentScrapes));
  },
);
