import { ScrapeError } from './errors.ts';

/** The error for an answer that is not 200. */
export function statusError(status: number): ScrapeError {
  const answered = `The target answered with HTTP status ${String(status)}`;
  return new ScrapeError(
    `SCRAPE_HTTP_${status}`,
    status === 404
      ? `${answered}: it offers no metrics at this address, which a server without a suitable licence does.`
      : `${answered}.`,
  );
}

/** The error for a connection that failed; `hasAnswer` when headers had arrived before. */
export function connectionError(cause: unknown, hasAnswer: boolean): ScrapeError {
  const code = errorCode(cause);
  if (hasAnswer && (code === '' || code === 'ECONNRESET' || code === 'EPIPE')) {
    return new ScrapeError('SCRAPE_TRUNCATED', 'The target’s answer was cut short.', { cause });
  }
  switch (code) {
    case 'ECONNREFUSED':
      return new ScrapeError('SCRAPE_REFUSED', 'Nothing listens at this address.', { cause });
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
    case 'EAI_FAIL':
    case 'EAI_NODATA':
      return new ScrapeError('SCRAPE_DNS', 'The host name could not be looked up.', { cause });
    case 'ETIMEDOUT':
      return new ScrapeError('SCRAPE_TIMEOUT', 'The target did not answer.', { cause });
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'EADDRNOTAVAIL':
    case 'EACCES':
    case 'EPERM':
      return new ScrapeError('SCRAPE_UNREACHABLE', 'There is no way to the target.', { cause });
    case 'ECONNRESET':
    case 'EPIPE':
      return new ScrapeError('SCRAPE_RESET', 'The target closed the connection.', { cause });
    default:
      if (!code.startsWith('HPE_')) break;
      return new ScrapeError('SCRAPE_BAD_RESPONSE', 'The target’s answer is not HTTP.', { cause });
  }
  const shown = code === '' ? '' : ` (${code})`;
  return new ScrapeError('SCRAPE_FAILED', `The target could not be read${shown}.`, { cause });
}

/** The error for a compressed body that cannot be unpacked. */
export function gunzipError(cause: unknown): ScrapeError {
  if (errorCode(cause) === 'Z_BUF_ERROR') {
    return new ScrapeError('SCRAPE_TRUNCATED', 'The target’s answer was cut short.', { cause });
  }
  const message = 'The target’s answer is said to be gzip and is not.';
  return new ScrapeError('SCRAPE_BAD_ENCODING', message, { cause });
}

function errorCode(cause: unknown): string {
  if (typeof cause !== 'object' || cause === null || !('code' in cause)) return '';
  return typeof cause.code === 'string' ? cause.code : '';
}
