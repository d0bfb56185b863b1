import type { StoreErrorCode } from '../errors.ts';
import { explainNetwork, explainStatus, plainName } from '../remote/explain-network.ts';
import type { Fault } from '../remote/remote-client.ts';

const codes: Readonly<Record<string, StoreErrorCode>> = {
  AccountIsDisabled: 'STORE_DENIED',
  AccountLimitExceeded: 'STORE_FULL',
  AuthenticationFailed: 'STORE_CREDENTIALS',
  AuthorizationFailure: 'STORE_DENIED',
  AuthorizationPermissionMismatch: 'STORE_DENIED',
  BlobImmutableDueToPolicy: 'STORE_DENIED',
  BlobNotFound: 'STORE_NOT_FOUND',
  ContainerBeingDeleted: 'STORE_BUCKET_MISSING',
  ContainerDisabled: 'STORE_DENIED',
  ContainerNotFound: 'STORE_BUCKET_MISSING',
  InsufficientAccountPermissions: 'STORE_DENIED',
  InternalError: 'STORE_UNREACHABLE',
  InvalidAuthenticationInfo: 'STORE_CREDENTIALS',
  // Somebody else wrote the object while its parts went up.
  InvalidBlockList: 'STORE_CONFLICT',
  InvalidRange: 'STORE_BAD_RANGE',
  InvalidResourceName: 'STORE_BAD_SETTINGS',
  InvalidUri: 'STORE_BAD_SETTINGS',
  KeyBasedAuthenticationNotPermitted: 'STORE_DENIED',
  LeaseIdMissing: 'STORE_CONFLICT',
  NoAuthenticationInformation: 'STORE_CREDENTIALS',
  OperationTimedOut: 'STORE_UNREACHABLE',
  RequestBodyTooLarge: 'STORE_TOO_LARGE',
  // The address is right and the account or container is not.
  ResourceNotFound: 'STORE_BUCKET_MISSING',
  ServerBusy: 'STORE_SLOW_DOWN',
  TooManyRequests: 'STORE_SLOW_DOWN',
  UnsupportedHttpVerb: 'STORE_BAD_SETTINGS',
};

const retryable: ReadonlySet<StoreErrorCode> = new Set(['STORE_SLOW_DOWN', 'STORE_UNREACHABLE']);

/** Beyond it the service takes no signature; it says so only in prose. */
const maxSkewMs = 15 * 60 * 1000;

interface Failure {
  name?: unknown;
  message?: unknown;
  code?: unknown;
  statusCode?: unknown;
  details?: { errorCode?: unknown };
  response?: { headers?: { get(name: string): string | undefined } };
}

/** What a failure of the Azure client means; `nowMs` tells differing clocks from wrong keys. */
export function explainAzure(error: unknown, nowMs: number): Fault {
  const failure = (error ?? {}) as Failure;
  const { details, response } = failure;
  const status = typeof failure.statusCode === 'number' ? failure.statusCode : undefined;
  if (status === undefined) return explainBroken(failure);
  const header = response?.headers?.get('x-ms-error-code');
  const name = [details?.errorCode, header, failure.code].find((one) => typeof one === 'string');
  const code = codes[typeof name === 'string' ? name : ''];
  if (code === undefined) {
    return explainStatus(status, `${plainName(name)}, HTTP ${String(status)}`);
  }
  const storeMs = Date.parse(response?.headers?.get('date') ?? '');
  if (code === 'STORE_CREDENTIALS' && Math.abs(nowMs - storeMs) > maxSkewMs) {
    return { code: 'STORE_CLOCK_SKEW', name: plainName(name), isRetryable: false };
  }
  return { code, name: plainName(name), isRetryable: retryable.has(code) };
}

/** No answer, or a body that ended early: the client tells the latter in prose or as an abort. */
function explainBroken(failure: Failure): Fault {
  const network = explainNetwork(failure);
  if (network !== undefined) return network;
  const isEarlyEnd =
    failure.name === 'AbortError' ||
    failure.code === 'REQUEST_SEND_ERROR' ||
    (typeof failure.message === 'string' && failure.message.startsWith('Data corruption failure'));
  if (isEarlyEnd) {
    return { code: 'STORE_UNREACHABLE', name: 'connection broken', isRetryable: true };
  }
  // An answer that is no answer of this service, for example of a proxy in between.
  if (failure.code === 'PARSE_ERROR') {
    return { code: 'STORE_UNREACHABLE', name: 'PARSE_ERROR', isRetryable: true };
  }
  return explainStatus(undefined, plainName(failure.code ?? failure.name));
}
