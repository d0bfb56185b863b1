import { Readable } from 'node:stream';
import { StoreError } from './errors.ts';
import type { ObjectBody } from './object-store.ts';

/**
 * The chunks of a body, ending early with `STORE_ABORTED` when the signal fires, also while the
 * source is silent, and with `STORE_SIZE_MISMATCH` when its length is not `sizeBytes`.
 */
export async function* bodyChunks(
  body: ObjectBody,
  key: string,
  options: { sizeBytes?: number | undefined; signal?: AbortSignal | undefined },
): AsyncGenerator<Uint8Array, void, undefined> {
  let sizeBytes = 0;
  const source = body instanceof Uint8Array ? [body] : body;
  for await (const chunk of abortable(source, key, options.signal)) {
    sizeBytes += chunk.length;
    checkSize(sizeBytes <= (options.sizeBytes ?? Infinity), sizeBytes);
    yield chunk;
  }
  checkSize(options.sizeBytes === undefined || sizeBytes === options.sizeBytes, sizeBytes);

  function checkSize(isRight: boolean, seenBytes: number): void {
    if (isRight) return;
    const said = String(options.sizeBytes);
    const message = `the body was said to have ${said} bytes and has ${String(seenBytes)} so far`;
    throw new StoreError('STORE_SIZE_MISMATCH', message, key);
  }
}

async function* abortable(
  source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  key: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  const abort = Promise.withResolvers<never>();
  // Without an abort nobody waits for this promise; with one, the loop below gets the rejection.
  abort.promise.catch(() => undefined);
  const onAbort = () => {
    abort.reject(new StoreError('STORE_ABORTED', 'given up by the caller', key));
  };
  if (signal?.aborted === true) onAbort();
  signal?.addEventListener('abort', onAbort, { once: true });
  const iterator =
    Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
  let isDone = false;
  try {
    for (;;) {
      const step = await Promise.race([abort.promise, iterator.next()]);
      if (step.done === true) break;
      yield step.value;
    }
    isDone = true;
  } finally {
    signal?.removeEventListener('abort', onAbort);
    if (!isDone) release(source, iterator);
  }
}

/** Tells a source that nobody reads on; it may be in the middle of waiting, so nobody waits for it. */
function release(source: object, iterator: AsyncIterator<Uint8Array> | Iterator<Uint8Array>): void {
  if (source instanceof Readable) source.destroy();
  // The caller already gets the error that ended the reading; a second one adds nothing.
  void Promise.resolve(iterator.return?.()).catch(() => undefined);
}
