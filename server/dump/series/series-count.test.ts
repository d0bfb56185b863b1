import { expect, test } from '@jest/globals';
import { seededRng } from '../../../lib/runtime/index.ts';
import { SeriesCount } from './index.ts';

test('counts each label set once, however many there are and in whichever order', () => {
  const rng = seededRng(1);
  const [count, others] = [new SeriesCount(), new SeriesCount()];
  const seen = new Set<number>();
  for (let turn = 0; turn < 20_000; turn++) {
    const number = rng.u32() % 10_000;
    seen.add(number);
    (turn % 3 === 0 ? others : count).add(['__name__', 'm', 'number', String(number)]);
  }
  expect(count.count).toBeLessThan(seen.size);
  count.include(others);
  expect(count.count).toBe(seen.size);
  count.include(others);
  count.include(count);
  expect(count.count).toBe(seen.size);
});

test('tells apart where a text ends', () => {
  const count = new SeriesCount();
  count.add(['a', 'bc']);
  count.add(['ab', 'c']);
  count.add([]);
  count.add(['']);
  expect(count.count).toBe(4);
});
