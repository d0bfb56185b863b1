import {
  type GobStruct,
  type GobValue,
  asStruct,
  bytesField,
  intField,
  mapField,
  stringField,
  structField,
} from '../../../lib/gob/index.ts';

/** A request as the server handed it over. */
export interface HostRequest {
  /** Broker ids; 0 is none. */
  responseWriterId: number;
  requestBodyId: number;
  method: string;
  /** Path and query, beginning with a slash. */
  url: string;
  /** Names and values in the order they came, fit for a request line by line. */
  headers: [string, string][];
  /** Body bytes announced; undefined when unknown. */
  contentLength: number | undefined;
  /** IP address without port; empty when unknown. */
  remoteAddress: string;
}

/** Headers that are about one connection, which is not ours; Node writes its own. */
const connectionHeaders = new Set([
  'connection',
  'content-length',
  'expect',
  'host',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** Reads the argument of ServeHTTP, whether the request is whole (old servers) or the subset. */
export function parseHostRequest(argument: GobValue): HostRequest {
  const fields = asStruct(argument);
  const request = structField(fields, 'Request') ?? (Object.create(null) as GobStruct);
  const headers = mapField(request, 'Header');
  return {
    responseWriterId: intField(fields, 'ResponseWriterStream'),
    requestBodyId: intField(fields, 'RequestBodyStream'),
    method: stringField(request, 'Method') || 'GET',
    url: toPath(Buffer.from(bytesField(request, 'URL') ?? []).toString()),
    headers: [['host', stringField(request, 'Host') || 'localhost'], ...forwardedHeaders(headers)],
    contentLength: parseContentLength(headers),
    remoteAddress: stringField(request, 'RemoteAddr')
      .replace(/:\d+$/, '')
      .replace(/^\[(.*)\]$/, '$1'),
  };
}

function forwardedHeaders(headers: ReadonlyMap<GobValue, GobValue>): [string, string][] {
  const result: [string, string][] = [];
  for (const [name, values] of headers) {
    if (typeof name !== 'string' || connectionHeaders.has(name.toLowerCase())) continue;
    for (const value of textsOf(values)) result.push([name, toHeaderText(value)]);
  }
  return result;
}

function parseContentLength(headers: ReadonlyMap<GobValue, GobValue>): number | undefined {
  const text = textsOf(headers.get('Content-Length'))[0]?.trim();
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

function textsOf(values: GobValue | undefined): string[] {
  return Array.isArray(values) ? values.filter((value) => typeof value === 'string') : [];
}

/** Go's header values are bytes; Node wants one character per byte. */
function toHeaderText(value: string): string {
  return Buffer.from(value).toString('latin1');
}

/** The URL comes without the plugin's prefix; its path may be empty. */
function toPath(url: string): string {
  const local = url.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i, '').replace(/#.*$/, '');
  const path = local.startsWith('/') ? local : `/${local}`;
  return path.replace(/[^\u0021-\u007e]/g, (character) => encodeURIComponent(character));
}
