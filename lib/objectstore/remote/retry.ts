import { sleep, type Clock, type Rng } from '../../runtime/index.ts';
import { StoreError, type StoreErrorCode } from '../errors.ts';
import { firstPauseMs, maxPauseMs, maxTries } from '../limits.ts';
import type { Fault } from './remote-client.ts';

const sentences: Partial<Record<StoreErrorCode, string>> = {
  STORE_DENIED: 'the file store refuses access',
  STORE_NOT_FOUND: 'no such object',
  STORE_BAD_RANGE: 'no byte of the object is in the range',
  STORE_FULL: 'the file store has no space left',
  STORE_UNREACHABLE: 'the file store does not answer',
  STORE_BUCKET_MISSING: 'the bucket or container does not exist',
  STORE_CREDENTIALS: 'there are no keys that the file store accepts',
  STORE_CREDENTIALS_EXPIRED: 'the keys for the file store have expired',
  STORE_CLOCK_SKEW: 'the clocks of this machine and of the file store are too far apart',
  STORE_CERTIFICATE: 'the certificate of the file store is not trusted',
  STORE_SLOW_DOWN: 'the file store is too busy',
};

/** What one run of tries is about. */
export interface TryOptions {
  clock: Clock;
  rng: Rng;
  key: string;
  signal: AbortSignal | undefined;
  explain: (error: unknown) => Fault;
}

/**
 * Runs a request until it succeeds, fails for good or was tried often enough. Differing clocks are
 * tried once more: the client has learnt the store's time from the refusal.
 */
export async function withRetries<T>(options: TryOptions, run: () => Promise<T>): Promise<T> {
  const { key, signal, explain } = options;
  let wasSkewed = false;
  for (let tries = 1; ; tries++) {
    checkAborted(signal, key);
    try {
      return await run();
    } catch (error) {
      checkAborted(signal, key);
      if (isStoreError(error)) throw error;
      const fault = explain(error);
      const isFirstSkew: boolean = fault.code === 'STORE_CLOCK_SKEW' && !wasSkewed;
      wasSkewed ||= isFirstSkew;
      if (!(fault.isRetryable || isFirstSkew) || tries >= maxTries) throw errorOf(fault, key);
      await pause(options, tries);
    }
  }
}

/** The pause after the `tries`-th failure in a row. */
export async function pause(
  { clock, rng, signal }: Pick<TryOptions, 'clock' | 'rng' | 'signal'>,
  tries: number,
): Promise<void> {
  const wholeMs = Math.min(firstPauseMs * 2 ** (tries - 1), maxPauseMs);
  // Between half and all of it: many nodes that failed together come back apart.
  const jitter = 0.5 + rng.bytes(1)[0]! / 512;
  await sleep(clock, wholeMs * jitter, signal);
}

/** The causes of network clients carry requests with their signatures: the name has to be enough. */
export function errorOf(fault: Fault, key: string): StoreError {
  const sentence = sentences[fault.code] ?? 'the file store failed';
  return new StoreError(fault.code, `${sentence} (${fault.name})`, key);
}

/** Throws when the caller has given up. */
export function checkAborted(signal: AbortSignal | undefined, key: string): void {
  if (signal?.aborted === true) throw abortedError(key);
}

export function abortedError(key: string): StoreError {
  return new StoreError('STORE_ABORTED', 'given up by the caller', key);
}

function isStoreError(error: unknown): boolean {
  return error instanceof StoreError;
}
