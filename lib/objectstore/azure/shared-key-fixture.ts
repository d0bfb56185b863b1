import { createHmac } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** What is wrong with the signature of a request, or undefined: the service's own rules, written anew. */
export function sharedKeyFault(
  request: IncomingMessage,
  keys: { account: string; accessKey: string; nowMs: number },
): string | undefined {
  const { headers, method = '', url: path = '' } = request;
  const [scheme, account, signature] = (headers.authorization ?? '').split(/[ :]/);
  if (scheme !== 'SharedKey' || account !== keys.account) return 'AuthenticationFailed';
  const sentMs = Date.parse(String(headers['x-ms-date']));
  if (Number.isNaN(sentMs) || Math.abs(sentMs - keys.nowMs) > 900_000)
    return 'AuthenticationFailed';
  const plain = (name: string) => String(headers[name] ?? '');
  const length = plain('content-length');
  const own = Object.keys(headers).filter((name) => name.startsWith('x-ms-'));
  const url = new URL(path, 'http://host');
  const query = [...new Set(url.searchParams.keys())].sort();
  const text = [
    method,
    plain('content-encoding'),
    plain('content-language'),
    length === '0' ? '' : length,
    ...['content-md5', 'content-type', 'date', 'if-modified-since', 'if-match'].map(plain),
    ...['if-none-match', 'if-unmodified-since', 'range'].map(plain),
    ...own.sort().map((name) => `${name}:${plain(name).trim()}`),
    `/${keys.account}${url.pathname}`,
    ...query.map((name) => `${name}:${url.searchParams.getAll(name).sort().join(',')}`),
  ].join('\n');
  const key = Buffer.from(keys.accessKey, 'base64');
  const wanted = createHmac('sha256', key).update(text).digest('base64');
  return signature === wanted ? undefined : 'AuthenticationFailed';
}
