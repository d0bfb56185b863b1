import type { StoreErrorCode } from '../errors.ts';
import { explainNetwork, explainStatus, plainName } from '../remote/explain-network.ts';
import type { Fault } from '../remote/remote-client.ts';

const codes: Readonly<Record<string, StoreErrorCode>> = {
  AccessDenied: 'STORE_DENIED',
  AccountProblem: 'STORE_DENIED',
  AllAccessDisabled: 'STORE_DENIED',
  CredentialsProviderError: 'STORE_CREDENTIALS',
  InvalidAccessKeyId: 'STORE_CREDENTIALS',
  SignatureDoesNotMatch: 'STORE_CREDENTIALS',
  InvalidToken: 'STORE_CREDENTIALS_EXPIRED',
  ExpiredToken: 'STORE_CREDENTIALS_EXPIRED',
  ExpiredTokenException: 'STORE_CREDENTIALS_EXPIRED',
  TokenRefreshRequired: 'STORE_CREDENTIALS_EXPIRED',
  InvalidBucketName: 'STORE_BUCKET_MISSING',
  NoSuchBucket: 'STORE_BUCKET_MISSING',
  NoSuchKey: 'STORE_NOT_FOUND',
  NotFound: 'STORE_NOT_FOUND',
  InvalidRange: 'STORE_BAD_RANGE',
  RequestTimeTooSkewed: 'STORE_CLOCK_SKEW',
  RequestExpired: 'STORE_CLOCK_SKEW',
  EntityTooLarge: 'STORE_TOO_LARGE',
  KeyTooLongError: 'STORE_TOO_LARGE',
  QuotaExceeded: 'STORE_FULL',
  XMinioStorageFull: 'STORE_FULL',
  SlowDown: 'STORE_SLOW_DOWN',
  ServiceUnavailable: 'STORE_SLOW_DOWN',
  ThrottlingException: 'STORE_SLOW_DOWN',
  TooManyRequestsException: 'STORE_SLOW_DOWN',
  InternalError: 'STORE_UNREACHABLE',
  RequestTimeout: 'STORE_UNREACHABLE',
  TimeoutError: 'STORE_UNREACHABLE',
  AuthorizationHeaderMalformed: 'STORE_BAD_SETTINGS',
  PermanentRedirect: 'STORE_BAD_SETTINGS',
};

const retryable: ReadonlySet<StoreErrorCode> = new Set(['STORE_SLOW_DOWN', 'STORE_UNREACHABLE']);

/** What a failure of the S3 client means. */
export function explainS3(error: unknown): Fault {
  const { name, $metadata } = (error ?? {}) as {
    name?: unknown;
    $metadata?: { httpStatusCode?: number };
  };
  const known = codes[typeof name === 'string' ? name : ''];
  if (known !== undefined) {
    return { code: known, name: name as string, isRetryable: retryable.has(known) };
  }
  const network = explainNetwork(error);
  if (network !== undefined) return network;
  const status = $metadata?.httpStatusCode;
  const text =
    status === undefined ? plainName(name) : `${plainName(name)}, HTTP ${String(status)}`;
  return explainStatus(status, text);
}
