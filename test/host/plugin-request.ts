import type { IncomingMessage, ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import type { ByteStream } from '../../lib/bytes/index.ts';
import { encodeGoUrl, type GobInput } from '../../lib/gob/index.ts';
import type { MuxBroker } from '../../lib/goplugin/index.ts';
import { RpcServer } from '../../lib/netrpc/index.ts';
import type { Rng } from '../../lib/runtime/index.ts';
import { credentialsOf, newId, parseCookies, sessionCookie, type Accounts } from './accounts.ts';
import type { HooksClient } from './hooks-client.ts';
import { serveRequestBody } from './request-body.ts';
import { HostResponse } from './response-writer.ts';
import { goStyle, type serveHttpArguments } from './wire.ts';

type Body = AsyncIterable<Uint8Array>;

/** What the server does with requests below `/plugins/<id>` before and while a plugin answers them. */
export interface PluginRequestOptions {
  accounts: Accounts;
  rng: Rng;
  isCsrfStrict: boolean;
  /** Path before the plugin's own, `/plugins/<id>`. */
  prefix: string;
  onError: (text: string) => void;
}

/** The plugin that answers. */
export interface RequestTarget {
  hooks: HooksClient;
  broker: MuxBroker;
}

/** Passes a request on to a plugin's ServeHTTP hook, with streaming bodies both ways. */
export async function servePluginRequest(
  request: IncomingMessage,
  response: ServerResponse,
  target: RequestTarget,
  options: PluginRequestOptions,
): Promise<void> {
  const requestId = newId(options.rng);
  const ownHeader = new Map([
    ['Permissions-Policy', ['']],
    ['Referrer-Policy', ['no-referrer']],
    ['X-Content-Type-Options', ['nosniff']],
    ['X-Request-Id', [requestId]],
  ]);
  const writer = new HostResponse(response, request.method === 'HEAD', ownHeader);
  if (!target.hooks.implemented.has('ServeHTTP')) notServed(writer);
  else {
    const prepared = await prepare(request, requestId, options);
    await pass('ServeHTTP', { target, writer, prepared, onError: options.onError });
  }
  request.resume();
}

/** The same for the metrics port: the plugin learns nothing of who asks, who may be anybody. */
export async function servePluginMetrics(
  request: IncomingMessage,
  response: ServerResponse,
  target: RequestTarget,
  { prefix, onError }: Pick<PluginRequestOptions, 'prefix' | 'onError'>,
): Promise<void> {
  const writer = new HostResponse(response, request.method === 'HEAD', new Map());
  if (!target.hooks.implemented.has('ServeMetrics')) notServed(writer);
  else {
    const url = new URL(request.url ?? '/', 'http://localhost');
    const Request = requestArgument(request, ownUrl(url, prefix), goHeader(request));
    const prepared = { body: request as Body, argument: { Request, Context: {} } };
    await pass('ServeMetrics', { target, writer, prepared, onError });
  }
  request.resume();
}

function notServed(writer: HostResponse): void {
  writer.writeHead(404);
  writer.end();
}

/** Calls the hook while the plugin writes to the one stream and reads from the other. */
async function pass(
  hook: 'ServeHTTP' | 'ServeMetrics',
  { target, writer, prepared, onError }: Passage,
): Promise<void> {
  const { hooks, broker } = target;
  const writerId = broker.nextId();
  const bodyId = broker.nextId();
  const failing = (text: string) => onError(`Plugin failed to ${hook}, ${text}`);
  const serving = [
    accept(broker, writerId, failing, async (stream) => {
      await new RpcServer(stream, writer.handlers(), goStyle).closed;
    }),
    accept(broker, bodyId, failing, (stream) => serveBody(stream, prepared.body)),
  ];
  const streams = { ResponseWriterStream: writerId, RequestBodyStream: bodyId };
  try {
    const argument = { ...prepared.argument, ...streams };
    await (hook === 'ServeHTTP' ? hooks.serveHttp(argument) : hooks.serveMetrics(argument));
    writer.end();
  } catch (error) {
    failing(`RPC call failed: ${String(error)}`);
    await failed(writer);
  }
  await Promise.all(serving);
}

async function failed(writer: HostResponse): Promise<void> {
  if (!writer.hasBegun) writer.writeHead(500);
  // What Go's http.Error adds, also behind the beginning of another answer.
  await writer.write(Buffer.from('500 internal server error\n')).catch(() => undefined);
  writer.end();
}

async function accept(
  broker: MuxBroker,
  id: number,
  failing: (text: string) => void,
  serve: (stream: ByteStream) => Promise<void>,
): Promise<void> {
  try {
    await serve(await broker.accept(id));
  } catch (error) {
    failing(`connection ${String(id)}: ${String(error)}`);
  }
}

async function serveBody(stream: ByteStream, body: Body): Promise<void> {
  try {
    await serveRequestBody(stream, body[Symbol.asyncIterator]());
  } catch {
    // The client or the plugin went away; to the plugin it looks like the end of the body.
    await stream.end().catch(() => undefined);
  }
}

interface Prepared {
  argument: GobInput<typeof serveHttpArguments>;
  body: Body;
}

interface Passage {
  target: RequestTarget;
  writer: HostResponse;
  prepared: Prepared;
  onError: (text: string) => void;
}

/** Finds out who asks, and takes out of the request what a plugin must not see. */
async function prepare(
  request: IncomingMessage,
  requestId: string,
  options: PluginRequestOptions,
): Promise<Prepared> {
  const url = new URL(request.url ?? '/', 'http://localhost');
  const header = goHeader(request);
  const { session, body, isKnown } = await authenticate(request, url.searchParams, options);
  const cookies = parseCookies(request).filter(([name]) => name !== sessionCookie);
  for (const name of ['Mattermost-Plugin-Id', 'Mattermost-User-Id', 'Cookie', 'Referer']) {
    header.delete(name);
  }
  if (cookies.length > 0) header.set('Cookie', [cookies.map((pair) => pair.join('=')).join('; ')]);
  // A token that nobody knows still reaches the plugin.
  if (isKnown) header.delete('Authorization');
  if (session !== undefined) header.set('Mattermost-User-Id', [session.user.id]);
  const { remoteAddress = '127.0.0.1' } = request.socket;
  return {
    body,
    argument: {
      Request: requestArgument(request, ownUrl(url, options.prefix), header),
      Context: {
        SessionId: session?.id ?? '',
        RequestId: requestId,
        IPAddress: remoteAddress,
        AcceptLanguage: request.headers['accept-language'] ?? '',
        UserAgent: request.headers['user-agent'] ?? '',
      },
    },
  };
}

function requestArgument(
  request: IncomingMessage,
  url: string,
  Header: Map<string, string[]>,
): NonNullable<GobInput<typeof serveHttpArguments>['Request']> {
  const { remoteAddress = '127.0.0.1', remotePort = 0 } = request.socket;
  return {
    Method: request.method ?? 'GET',
    URL: encodeGoUrl(url),
    Proto: `HTTP/${request.httpVersion}`,
    ProtoMajor: request.httpVersionMajor,
    ProtoMinor: request.httpVersionMinor,
    Header,
    Host: request.headers.host ?? '',
    RemoteAddr: `${remoteAddress}:${String(remotePort)}`,
    RequestURI: request.url ?? '/',
  };
}

async function authenticate(
  request: IncomingMessage,
  query: URLSearchParams,
  options: PluginRequestOptions,
) {
  const { token, isCookie } = credentialsOf(request, query);
  const session = token === '' ? undefined : options.accounts.session(token);
  if (session === undefined) return { session, body: request as Body, isKnown: false };
  if (!isCookie || request.method === 'GET')
    return { session, body: request as Body, isKnown: true };
  let body: Body = request;
  let sent = request.headers['x-csrf-token'];
  if (sent === undefined) {
    // The server reads the whole body to look for the token in a form.
    const content = await buffer(request);
    body = pieces(content);
    sent = new URLSearchParams(content.toString()).get('csrf') ?? undefined;
  }
  const isXhr = request.headers['x-requested-with'] === 'XMLHttpRequest';
  const isValid = sent === session.csrf || (isXhr && !options.isCsrfStrict);
  return { session: isValid ? session : undefined, body, isKnown: true };
}

async function* pieces(content: Uint8Array): AsyncGenerator<Uint8Array> {
  yield content;
}

/** Path and query as the plugin sees them; Go writes the query anew, in order of the names. */
function ownUrl(url: URL, prefix: string): string {
  const query = new URLSearchParams(url.searchParams);
  query.delete('access_token');
  query.sort();
  const path = url.pathname.startsWith(prefix) ? url.pathname.slice(prefix.length) : url.pathname;
  return query.size === 0 ? path : `${path}?${query.toString()}`;
}

/** The header as Go keeps it: canonical names, host and framing taken out. */
function goHeader(request: IncomingMessage): Map<string, string[]> {
  const header = new Map<string, string[]>();
  const { rawHeaders } = request;
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = canonicalName(rawHeaders[at]!);
    if (name === 'Host' || name === 'Transfer-Encoding') continue;
    const value = Buffer.from(rawHeaders[at + 1]!, 'latin1').toString();
    header.set(name, [...(header.get(name) ?? []), value]);
  }
  return header;
}

function canonicalName(name: string): string {
  return name.toLowerCase().replace(/(^|-)[a-z]/g, (part) => part.toUpperCase());
}
