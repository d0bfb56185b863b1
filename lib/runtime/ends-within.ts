import { sleep, type Clock } from './clock.ts';

/**
 * Waits for the end of `work`, `limitMs` at most: false when it goes on beyond that. Rejects as the work
 * does while it is waited for; how work that was left to itself ends is its owner's matter.
 */
export async function endsWithin(
  clock: Clock,
  limitMs: number,
  work: Promise<unknown>,
): Promise<boolean> {
  const patience = new AbortController();
  const over = sleep(clock, limitMs, patience.signal).then(() => false);
  try {
    return await Promise.race([work.then(() => true), over]);
  } finally {
    patience.abort();
  }
}
