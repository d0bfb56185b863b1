import { expect, test } from '@jest/globals';
import { ScrapeTally } from './scrape-tally.ts';

const none = { outOfOrder: 0, tooOld: 0, tooNew: 0, duplicates: 0, duplicateLines: 0 };

test('counts scrapes, their samples, and failures by code', () => {
  const tally = new ScrapeTally();
  tally.noteGood(10, { ...none, outOfOrder: 3, duplicateLines: 1 });
  tally.noteFailed('SCRAPE_TIMEOUT');
  tally.noteGood(5, { ...none, outOfOrder: 4 });
  tally.noteFailed('SCRAPE_TIMEOUT');
  tally.noteFailed('SCRAPE_DNS');
  expect([tally.scrapes, tally.samples]).toEqual([5, 15]);
  expect(tally.rejected).toEqual({ ...none, outOfOrder: 7, duplicateLines: 1 });
  expect([...tally.failures]).toEqual([
    ['SCRAPE_TIMEOUT', 2],
    ['SCRAPE_DNS', 1],
  ]);
});
