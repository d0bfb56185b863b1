import { codeOf } from '../../runtime/index.ts';
import type { Fault } from './remote-client.ts';

/** Codes with which Node and OpenSSL refuse a certificate. */
const certificateCodes: ReadonlySet<string> = new Set([
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'CERT_REVOKED',
  'CERT_SIGNATURE_FAILURE',
  'CERT_UNTRUSTED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'HOSTNAME_MISMATCH',
  'INVALID_CA',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

const networkCodes: ReadonlySet<string> = new Set([
  'EADDRNOTAVAIL',
  'EAI_AGAIN',
  'ECONNABORTED',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTDOWN',
  'EHOSTUNREACH',
  'ENETDOWN',
  'ENETUNREACH',
  'ENOTFOUND',
  'EPIPE',
  'EPROTO',
  'ETIMEDOUT',
  'ERR_SOCKET_CLOSED',
  'ERR_STREAM_PREMATURE_CLOSE',
  'ERR_PROXY_TUNNEL',
]);

/** Statuses after which the same request may succeed. */
const retryableStatuses: ReadonlySet<number> = new Set([408, 429, 500, 502, 503, 504]);

/** What happened below HTTP, or undefined when an answer came. */
export function explainNetwork(error: unknown): Fault | undefined {
  for (const code of codesOf(error)) {
    if (certificateCodes.has(code)) {
      return { code: 'STORE_CERTIFICATE', name: code, isRetryable: false };
    }
    if (networkCodes.has(code) || code.startsWith('ERR_SSL_')) {
      return { code: 'STORE_UNREACHABLE', name: code, isRetryable: true };
    }
  }
  return undefined;
}

/** What the status of an answer says when its body says nothing better. */
export function explainStatus(status: number | undefined, name: string): Fault {
  const isRetryable = status !== undefined && retryableStatuses.has(status);
  if (status === 401 || status === 403) return { code: 'STORE_DENIED', name, isRetryable };
  if (status === 404) return { code: 'STORE_NOT_FOUND', name, isRetryable };
  if (status === 416) return { code: 'STORE_BAD_RANGE', name, isRetryable };
  if (status === 429 || status === 503) return { code: 'STORE_SLOW_DOWN', name, isRetryable };
  if (status === 507) return { code: 'STORE_FULL', name, isRetryable };
  if (isRetryable) return { code: 'STORE_UNREACHABLE', name, isRetryable };
  return { code: 'STORE_FAILED', name, isRetryable };
}

/** A name that came from outside, as far as it is fit for logs. */
export function plainName(name: unknown): string {
  const text = typeof name === 'string' ? name : '';
  return /^[A-Za-z][A-Za-z0-9_.]{0,79}$/.test(text) ? text : 'unnamed error';
}

/** The system codes of an error and of what it wraps; a few levels, since causes may form a circle. */
function codesOf(error: unknown, depth = 4): string[] {
  if (typeof error !== 'object' || error === null || depth === 0) return [];
  const own = codeOf(error);
  const { cause, errors } = error as { cause?: unknown; errors?: unknown };
  const inner = [cause, ...(Array.isArray(errors) ? (errors as unknown[]) : [])];
  return [...(own === undefined ? [] : [own]), ...inner.flatMap((one) => codesOf(one, depth - 1))];
}
