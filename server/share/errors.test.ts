import { expect, test } from '@jest/globals';
import { StoreError, type StoreErrorCode } from '../../lib/objectstore/index.ts';
import { toSyncError } from './errors.ts';

/** What can end a pass of the sync; the others are mistakes of the caller, or its own giving up. */
const codes: StoreErrorCode[] = [
  'STORE_CONFLICT',
  'STORE_FULL',
  'STORE_DENIED',
  'STORE_SIZE_MISMATCH',
  'STORE_TRUNCATED',
  'STORE_TOO_LARGE',
  'STORE_UNREACHABLE',
  'STORE_BUCKET_MISSING',
  'STORE_CREDENTIALS',
  'STORE_CREDENTIALS_EXPIRED',
  'STORE_CLOCK_SKEW',
  'STORE_CERTIFICATE',
  'STORE_SLOW_DOWN',
  'STORE_BAD_SETTINGS',
  'STORE_FAILED',
];

test.each(codes)('%s comes with what to do about it', (code) => {
  const error = toSyncError(new StoreError(code, 'why (Name)', 'a/key'));
  expect(error).toMatchObject({ code, detail: 'why (Name) (a/key)' });
  expect(error.message).toMatch(/^[A-Z].*: .*\.$/);
});

test('an error without a code is one of the sync', () => {
  expect(toSyncError(new Error('why'))).toMatchObject({ code: 'SYNC_FAILED', detail: 'why' });
});
