import type { ApiError } from '../../api/index.ts';
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
const sentences: Readonly<Record<string, string>> = {
  STORE_FULL: 'The file store is full: make room on its disk or raise its quota.',
  STORE_DENIED: 'The file store refuses access: check its permissions and keys.',
  STORE_UNREACHABLE: 'The file store does not answer: check its address and the network.',
  STORE_BUCKET_MISSING:
    'The bucket or container of the file store does not exist: check its name and region.',
  STORE_CREDENTIALS:
    'The file store does not know the keys: check access key and secret, or the role of this machine.',
  STORE_CREDENTIALS_EXPIRED:
    'The keys for the file store have expired: renew them, or the role of this machine.',
  STORE_CLOCK_SKEW:
    'The clocks of this machine and of the file store differ by minutes: set them right.',
  STORE_CERTIFICATE:
    'The certificate of the file store is not trusted: let the system trust its authority.',
  STORE_SLOW_DOWN: 'The file store is too busy: the copy is tried again.',
  STORE_BAD_SETTINGS:
    'The settings of the file store cannot be used: check bucket, endpoint, region and keys.',
  STORE_CONFLICT:
    'Something else writes to the same place: let no other program change what lies below plugin-data.',
  STORE_TRUNCATED:
    'The file store broke off its answers: check the network and the proxies on the way to it.',
  STORE_TOO_LARGE: 'The file store takes no objects of this size: check its limits.',
  STORE_SIZE_MISMATCH:
    'The file store does not hold what was written to it: check whether something else changes it.',
  STORE_FAILED: 'The file store refused for a reason of its own: its own log says more.',
  SYNC_BAD_META:
    'The file store holds more blocks than one server ever has: check directory, bucket and path prefix.',
  SYNC_LOCAL_BLOCK: 'A block on the local disk cannot be read: check the disk.',
  SYNC_VERIFY_FAILED:
    'The file store does not hold what was written to it: check whether something else changes it.',
};

/** An error as the status shows it. */
export function toApiError(error: unknown): ApiError {
  const code = codeOf(error) ?? 'SYNC_FAILED';
  const text = error instanceof Error || codeOf(error) !== undefined ? errorText(error) : '';
  const key = (error as { key?: unknown } | null | undefined)?.key;
  return {
    code,
    message: sentences[code] ?? 'Blocks could not be copied to the file store.',
    detail: typeof key === 'string' && key !== '' ? `${text} (${key})` : text,
  };
}
