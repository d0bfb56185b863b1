import { say, toldAs, type ApiError, type KnownSentence } from '../../api/index.ts';
import { codeOf, errorText } from '../../lib/runtime/index.ts';

/**
 * Codes of {@link ShareError}: `SYNC_LOCAL_BLOCK` a block on the own disk cannot be read;
 * `SYNC_VERIFY_FAILED` the file store does not hold what was written to it; `SYNC_STOPPED` sync was
 * stopped before it came to the request; `SYNC_BAD_META` a `meta.json` is not what it must be;
 * `SYNC_NOT_ALLOWED` the lease that deleting needs was lost or is not sure.
 * Errors of the file store keep their `STORE_…` codes.
 */
export type ShareErrorCode =
  'SYNC_LOCAL_BLOCK' | 'SYNC_VERIFY_FAILED' | 'SYNC_STOPPED' | 'SYNC_BAD_META' | 'SYNC_NOT_ALLOWED';

/** Sharing blocks through the file store failed. */
export class ShareError extends Error {
  override readonly name = 'ShareError';
  readonly code: ShareErrorCode;

  constructor(code: ShareErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** What the administrator can do about an error of the file store. */
const sentences: Readonly<Record<string, KnownSentence>> = {
  STORE_FULL: say('store.full'),
  STORE_DENIED: say('store.denied'),
  STORE_UNREACHABLE: say('store.unreachable'),
  STORE_BUCKET_MISSING: say('store.bucket-missing'),
  STORE_CREDENTIALS: say('store.credentials'),
  STORE_CREDENTIALS_EXPIRED: say('store.credentials-expired'),
  STORE_CLOCK_SKEW: say('store.clock-skew'),
  STORE_CERTIFICATE: say('store.certificate'),
  STORE_SLOW_DOWN: say('store.slow-down'),
  STORE_BAD_SETTINGS: say('store.bad-settings'),
  STORE_CONFLICT: say('store.conflict'),
  STORE_TRUNCATED: say('store.truncated'),
  STORE_TOO_LARGE: say('store.too-large'),
  STORE_SIZE_MISMATCH: say('store.changed'),
  STORE_FAILED: say('store.failed'),
  SYNC_BAD_META: say('sync.too-many-blocks'),
  SYNC_LOCAL_BLOCK: say('sync.local-block'),
  SYNC_VERIFY_FAILED: say('store.changed'),
};

/** An error as the status shows it, with a sentence that this version knows. */
export interface SyncError extends ApiError {
  sentence: KnownSentence;
}

/** Any error of sync as the status shows it. */
export function toSyncError(error: unknown): SyncError {
  const code = codeOf(error) ?? 'SYNC_FAILED';
  const text = error instanceof Error || codeOf(error) !== undefined ? errorText(error) : '';
  const key = (error as { key?: unknown } | null | undefined)?.key;
  return {
    code,
    ...toldAs(sentences[code] ?? say('sync.other')),
    detail: typeof key === 'string' && key !== '' ? `${text} (${key})` : text,
  };
}
