import { ShareError } from './errors.ts';

/** The outcome of a promise, or `SYNC_STOPPED` as soon as the signal fires, whatever comes of it. */
export async function unlessAborted<T>(
  promise: Promise<T> | undefined,
  signal: AbortSignal | undefined,
): Promise<T | undefined> {
  if (promise === undefined || signal === undefined) return promise;
  const abort = Promise.withResolvers<never>();
  const onAbort = () => {
    abort.reject(new ShareError('SYNC_STOPPED', 'sync has been stopped'));
  };
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([promise, abort.promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
