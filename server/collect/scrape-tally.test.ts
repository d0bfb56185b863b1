import { expect, test } from '@jest/globals';
import { ScrapeTally } from './scrape-tally.ts';

test('counts scrapes, their samples, and failures by code', () => {
  const tally = new ScrapeTally();
  tally.noteGood(10);
  tally.noteFailed('SCRAPE_TIMEOUT');
  tally.noteGood(5);
  tally.noteFailed('SCRAPE_TIMEOUT');
  tally.noteFailed('SCRAPE_DNS');
  expect([tally.scrapes, tally.samples]).toEqual([5, 15]);
  expect([...tally.failures]).toEqual([
    ['SCRAPE_TIMEOUT', 2],
    ['SCRAPE_DNS', 1],
  ]);
});
