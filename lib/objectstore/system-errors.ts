import { codeOf } from '../runtime/index.ts';
import { StoreError, type StoreErrorCode } from './errors.ts';

const codes: Readonly<Record<string, StoreErrorCode>> = {
  ENOSPC: 'STORE_FULL',
  EDQUOT: 'STORE_FULL',
  EFBIG: 'STORE_FULL',
  EACCES: 'STORE_DENIED',
  EPERM: 'STORE_DENIED',
  EROFS: 'STORE_DENIED',
  ENOENT: 'STORE_NOT_FOUND',
  ENOTDIR: 'STORE_CONFLICT',
  EISDIR: 'STORE_CONFLICT',
  EEXIST: 'STORE_CONFLICT',
  ENOTEMPTY: 'STORE_CONFLICT',
};

const sentences: Partial<Record<StoreErrorCode, string>> = {
  STORE_FULL: 'the file store has no space left',
  STORE_DENIED: 'the file store refuses access',
  STORE_NOT_FOUND: 'no such object',
  STORE_CONFLICT: 'something of another kind stands at this key',
};

/** The error of a failed system call as an error of this library; our own pass through. */
export function storeErrorOf(cause: unknown, key: string): StoreError {
  if (cause instanceof StoreError) return cause;
  const system = codeOf(cause);
  const code = codes[system ?? ''] ?? 'STORE_FAILED';
  const sentence = sentences[code] ?? 'the file store failed';
  // The message of a system error names paths of the host; its code says all that is needed.
  const message = system === undefined ? sentence : `${sentence} (${system})`;
  return new StoreError(code, message, key, { cause });
}
