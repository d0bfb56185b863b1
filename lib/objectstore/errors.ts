/**
 * Codes of {@link StoreError}:
 * `STORE_BAD_KEY` the key or prefix cannot name an object; `STORE_BAD_RANGE` the range lies outside
 * the object; `STORE_NOT_FOUND` no such object; `STORE_CONFLICT` something of another kind stands
 * at this key; `STORE_FULL` no space or quota left; `STORE_DENIED` not permitted, or read-only;
 * `STORE_SIZE_MISMATCH` the body is not as long as was said; `STORE_TRUNCATED` the object ended
 * before its size; `STORE_TOO_LARGE` a limit of `limits.ts`; `STORE_ABORTED` the caller gave up;
 * `STORE_UNREACHABLE` no answer, trying again may help; `STORE_BUCKET_MISSING` the bucket or
 * container is not there; `STORE_CREDENTIALS` no keys, or none that the store knows;
 * `STORE_CREDENTIALS_EXPIRED` they are no longer valid; `STORE_CLOCK_SKEW` the clocks of store and
 * machine are too far apart; `STORE_CERTIFICATE` the store's certificate is not trusted;
 * `STORE_SLOW_DOWN` the store is busy, also after waiting; `STORE_BAD_SETTINGS` the store cannot be
 * addressed with these settings; `STORE_FAILED` anything else.
 */
export type StoreErrorCode =
  | 'STORE_BAD_KEY'
  | 'STORE_BAD_RANGE'
  | 'STORE_NOT_FOUND'
  | 'STORE_CONFLICT'
  | 'STORE_FULL'
  | 'STORE_DENIED'
  | 'STORE_SIZE_MISMATCH'
  | 'STORE_TRUNCATED'
  | 'STORE_TOO_LARGE'
  | 'STORE_ABORTED'
  | 'STORE_UNREACHABLE'
  | 'STORE_BUCKET_MISSING'
  | 'STORE_CREDENTIALS'
  | 'STORE_CREDENTIALS_EXPIRED'
  | 'STORE_CLOCK_SKEW'
  | 'STORE_CERTIFICATE'
  | 'STORE_SLOW_DOWN'
  | 'STORE_BAD_SETTINGS'
  | 'STORE_FAILED';

/** An operation on an object store that did not do what was asked; `key` is what it was about. */
export class StoreError extends Error {
  override readonly name = 'StoreError';
  readonly code: StoreErrorCode;
  readonly key: string;

  constructor(code: StoreErrorCode, message: string, key: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.key = key;
  }
}
