import { expect, test } from '@jest/globals';
import { say, toldAs } from '../../api/index.ts';
import { failingProblem } from './sync-problems.ts';

const error = { code: 'STORE_DENIED', ...toldAs(say('store.denied')), detail: '' };

test.each([
  [0, 'none waits on this node yet.'],
  [1, '1 waits on this node.'],
  [2, '2 wait on this node.'],
])('says how many blocks a failing file store keeps waiting: %i', (pendingBlocks, end) => {
  const { message } = failingProblem({ error, forMs: 0, pendingBlocks }) ?? {};
  expect(message).toBe(`Blocks do not reach the file store (STORE_DENIED); ${end}`);
});

test('is an error after a day, and nothing while nothing fails', () => {
  const dayMs = 24 * 3_600_000;
  const severity = (forMs: number) => failingProblem({ error, forMs, pendingBlocks: 1 })?.severity;
  expect([severity(dayMs), severity(dayMs + 1)]).toEqual(['warning', 'error']);
  expect(failingProblem({ error: null, forMs: dayMs + 1, pendingBlocks: 1 })).toBeUndefined();
});
