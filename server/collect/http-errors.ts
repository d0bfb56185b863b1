import { codeOf } from '../../lib/runtime/index.ts';
import { ScrapeError, type ScrapeErrorCode } from './errors.ts';

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

type Failure = readonly [code: ScrapeErrorCode, message: string];

const noHost: Failure = ['SCRAPE_DNS', 'The host name could not be looked up.'];
const noWay: Failure = ['SCRAPE_UNREACHABLE', 'There is no way to the target.'];
const closed: Failure = ['SCRAPE_RESET', 'The target closed the connection.'];
const cutShort: Failure = ['SCRAPE_TRUNCATED', 'The target’s answer was cut short.'];
const notHttp: Failure = ['SCRAPE_BAD_RESPONSE', 'The target’s answer is not HTTP.'];

/** What the codes of the operating system mean to a scrape. */
const failures: Readonly<Record<string, Failure>> = {
  ECONNREFUSED: ['SCRAPE_REFUSED', 'Nothing listens at this address.'],
  ETIMEDOUT: ['SCRAPE_TIMEOUT', 'The target did not answer.'],
  ENOTFOUND: noHost,
  EAI_AGAIN: noHost,
  EAI_FAIL: noHost,
  EAI_NODATA: noHost,
  EHOSTUNREACH: noWay,
  ENETUNREACH: noWay,
  EADDRNOTAVAIL: noWay,
  EACCES: noWay,
  EPERM: noWay,
  ECONNRESET: closed,
  EPIPE: closed,
};

/** How codes of TLS begin. */
const tlsCode = /^(ERR_TLS_|ERR_SSL_|EPROTO|CERT_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|HOSTNAME_)/;

/** The error for a connection that failed; `hasAnswer` when headers had arrived before. */
export function connectionError(cause: unknown, hasAnswer: boolean): ScrapeError {
  const [code, message] = classify(codeOf(cause) ?? '', hasAnswer);
  return new ScrapeError(code, message, { cause });
}

function classify(code: string, hasAnswer: boolean): Failure {
  const known = failures[code];
  if (hasAnswer && (code === '' || known === closed)) return cutShort;
  if (known !== undefined) return known;
  if (code.startsWith('HPE_')) return notHttp;
  if (tlsCode.test(code))
    return ['SCRAPE_TLS', `The target’s certificate is not trusted, or TLS failed (${code}).`];
  const shown = code === '' ? '' : ` (${code})`;
  return ['SCRAPE_FAILED', `The target could not be read${shown}.`];
}

/** The error for a compressed body that cannot be unpacked. */
export function gunzipError(cause: unknown): ScrapeError {
  if (codeOf(cause) === 'Z_BUF_ERROR') {
    return new ScrapeError(...cutShort, { cause });
  }
  const message = 'The target’s answer is said to be gzip and is not.';
  return new ScrapeError('SCRAPE_BAD_ENCODING', message, { cause });
}
