import { expect, test } from '@jest/globals';
import { FakeClock, seededRng } from '../../runtime/index.ts';
import type { StoreErrorCode } from '../errors.ts';
import { maxTries } from '../limits.ts';
import { withRetries } from './retry.ts';

/** Runs what always fails in this way; how often it was tried, and with what it ended. */
async function tried(code: StoreErrorCode, isRetryable: boolean): Promise<[number, unknown]> {
  const clock = new FakeClock();
  let tries = 0;
  const ended = withRetries(
    {
      ...{ clock, rng: seededRng(1), key: 'key', signal: undefined },
      explain: () => ({ code, name: 'Name', isRetryable }),
    },
    () => {
      tries++;
      return Promise.reject(new Error('secret'));
    },
  ).catch((error: unknown) => (error as { code?: unknown }).code);
  await clock.advance(600_000);
  return [tries, await ended];
}

test('tries what may pass so often, and what will not pass once', async () => {
  expect(await tried('STORE_SLOW_DOWN', true)).toEqual([maxTries, 'STORE_SLOW_DOWN']);
  expect(await tried('STORE_DENIED', false)).toEqual([1, 'STORE_DENIED']);
});

test('tries once more with the time of the store, and not again when that does not help', async () => {
  expect(await tried('STORE_CLOCK_SKEW', false)).toEqual([2, 'STORE_CLOCK_SKEW']);
});
