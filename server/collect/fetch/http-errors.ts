import { say, type KnownSentence } from '../../../api/index.ts';
import { codeOf } from '../../../lib/runtime/index.ts';
import { ScrapeError, type ScrapeErrorCode } from '../errors.ts';

/** The error for an answer that is not 200. */
export function statusError(status: number): ScrapeError {
  const sentence = statuses[status] ?? say('scrape.status', { status: String(status) });
  return new ScrapeError(`SCRAPE_HTTP_${status}`, sentence);
}

const statuses: Readonly<Record<number, KnownSentence>> = {
  404: say('scrape.status.404'),
  503: say('scrape.status.503'),
};

type Failure = readonly [code: ScrapeErrorCode, sentence: KnownSentence];

const noHost: Failure = ['SCRAPE_DNS', say('scrape.unknown-host')];
const noWay: Failure = ['SCRAPE_UNREACHABLE', say('scrape.no-way')];
const closed: Failure = ['SCRAPE_RESET', say('scrape.closed')];
const cutShort: Failure = ['SCRAPE_TRUNCATED', say('scrape.cut')];
const notHttp: Failure = ['SCRAPE_BAD_RESPONSE', say('scrape.not-http')];

/** What the codes of the operating system mean to a scrape. */
const failures: Readonly<Record<string, Failure>> = {
  ECONNREFUSED: ['SCRAPE_REFUSED', say('scrape.refused')],
  ETIMEDOUT: ['SCRAPE_TIMEOUT', say('scrape.no-answer')],
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
  const [code, sentence] = classify(codeOf(cause) ?? '', hasAnswer);
  return new ScrapeError(code, sentence, { cause });
}

function classify(code: string, hasAnswer: boolean): Failure {
  const known = failures[code];
  if (hasAnswer && (code === '' || known === closed)) return cutShort;
  if (known !== undefined) return known;
  if (code.startsWith('HPE_')) return notHttp;
  if (tlsCode.test(code)) return ['SCRAPE_TLS', say('scrape.tls', { code })];
  const sentence = code === '' ? say('scrape.unread') : say('scrape.unread.code', { code });
  return ['SCRAPE_FAILED', sentence];
}

/** The error for a compressed body that cannot be unpacked. */
export function gunzipError(cause: unknown): ScrapeError {
  if (codeOf(cause) === 'Z_BUF_ERROR') {
    return new ScrapeError(...cutShort, { cause });
  }
  return new ScrapeError('SCRAPE_BAD_ENCODING', say('scrape.not-gzip'), { cause });
}
