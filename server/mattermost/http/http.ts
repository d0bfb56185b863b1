import type * as NodeHttp from 'node:http';
import type { ClientRequest, IncomingMessage, RequestListener, Server } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ByteStream } from '../../../lib/bytes/index.ts';
import type { GobValue } from '../../../lib/gob/index.ts';
import type { MuxBroker } from '../../../lib/goplugin/index.ts';
import { type RpcCallContext, RpcClient, RpcError } from '../../../lib/netrpc/index.ts';
import type { Clock, Logger } from '../../../lib/runtime/index.ts';
import { type HostRequest, parseHostRequest } from './http-request.ts';
import { maxConcurrentRequests, maxHeaderBytes } from '../limits.ts';
import { memoryConnection } from './memory-connection.ts';
import { BodyCutError, pullRequestBody } from './request-body.ts';
import { ResponseWriter, type WriterFeatures } from './response-writer.ts';

export interface HttpBridgeOptions {
  clock: Clock;
  logger: Logger;
  broker: MuxBroker;
  listener: RequestListener;
}

/**
 * Turns requests that arrive by RPC into real HTTP over a connection in memory, with Node's own
 * client at one end and its server, which never listens, at the other: HEAD, Range, aborts and
 * back-pressure are then what they are everywhere else.
 */
export class HttpBridge {
  readonly #options: HttpBridgeOptions;
  readonly #http: typeof NodeHttp;
  readonly #server: Server;
  readonly #features: WriterFeatures = { canFlush: undefined };
  #running = 0;

  private constructor(http: typeof NodeHttp, options: HttpBridgeOptions) {
    this.#http = http;
    this.#options = options;
    const settings = { maxHeaderSize: maxHeaderBytes, requestTimeout: 0, headersTimeout: 0 };
    this.#server = http.createServer(settings, (incoming, response) => {
      try {
        options.listener(incoming, response);
      } catch (error) {
        options.logger.error('A request handler failed', {
          code: 'HTTP_HANDLER_FAILED',
          error: error as Error,
        });
        response.destroy();
      }
    });
  }

  /** Node's HTTP costs a tenth of the time that a plugin has until its handshake: it is loaded here. */
  static async create(options: HttpBridgeOptions): Promise<HttpBridge> {
    return new HttpBridge(await import('node:http'), options);
  }

  /** Serves one ServeHTTP call; settles when the server may forget its response writer. */
  async serve(argument: GobValue, context: RpcCallContext): Promise<void> {
    const hostRequest = parseHostRequest(argument);
    const { broker, clock } = this.#options;
    const [writerStream, body] = await dialBoth(broker, hostRequest);
    const writer = new ResponseWriter(new RpcClient(writerStream, { clock }), this.#features);
    this.#running++;
    try {
      await this.#exchange(hostRequest, writer, body, context.signal);
    } finally {
      this.#running--;
      await Promise.all([writer.close(), endQuietly(body)]);
    }
  }

  async #exchange(
    hostRequest: HostRequest,
    writer: ResponseWriter,
    body: ByteStream | undefined,
    signal: AbortSignal,
  ): Promise<void> {
    if (this.#running > maxConcurrentRequests) {
      await refuse(writer, 503, 'HTTP_BUSY', 'The plugin serves too many requests; try again.');
      return;
    }
    let outgoing: ClientRequest;
    try {
      outgoing = this.#open(hostRequest);
    } catch (error) {
      // Node refuses what no HTTP message can hold.
      this.#options.logger.debug('A request cannot be passed on', { error: error as Error });
      await refuse(writer, 400, 'HTTP_BAD_REQUEST', 'The request is not well-formed.');
      return;
    }
    try {
      await this.#transfer(outgoing, hostRequest, writer, body, signal);
    } catch (error) {
      await this.#fail(writer, error as Error, signal);
    }
  }

  /** Starts a request to our own server. */
  #open(hostRequest: HostRequest): ClientRequest {
    const { method, url, headers } = hostRequest;
    if (method === 'CONNECT') throw new Error('CONNECT is for proxies');
    const [clientEnd, serverEnd] = memoryConnection(hostRequest.remoteAddress);
    const outgoing = this.#http.request({
      method,
      path: url,
      maxHeaderSize: maxHeaderBytes,
      headers: [...headers, ...framing(hostRequest), ['connection', 'close']].flat(),
      createConnection: () => clientEnd,
    });
    this.#server.emit('connection', serverEnd);
    return outgoing;
  }

  async #transfer(
    outgoing: ClientRequest,
    hostRequest: HostRequest,
    writer: ResponseWriter,
    body: ByteStream | undefined,
    signal: AbortSignal,
  ): Promise<void> {
    let cut: BodyCutError | undefined;
    const abort = () => void outgoing.destroy(new Error('the server no longer waits'));
    signal.addEventListener('abort', abort, { once: true });
    try {
      const answered = answerOf(outgoing);
      const hasBody = framing(hostRequest).length > 0;
      // A handler may answer before it has read the body; what is left of it then fails to send.
      const onCut = (error: BodyCutError) => (cut = error);
      sendBody(outgoing, hasBody ? body : undefined, hostRequest.contentLength, onCut).catch(
        () => undefined,
      );
      const response = await answered;
      await writer.writeHead(response.statusCode ?? 500, response.rawHeaders);
      await copyBody(response, writer);
    } catch (error) {
      // What fails because of it, fails with words that say less.
      throw cut ?? error;
    } finally {
      signal.removeEventListener('abort', abort);
      outgoing.destroy();
    }
  }

  /** A caller that went away is no failure; anything else is told as well as it still can be. */
  async #fail(writer: ResponseWriter, error: Error, signal: AbortSignal): Promise<void> {
    const { logger } = this.#options;
    if (error instanceof RpcError || signal.aborted) {
      logger.debug('The client of a request went away', { error });
      return;
    }
    // Most uploads that break off do so because somebody closed a page: no news for an administrator.
    const level = error instanceof BodyCutError ? 'debug' : 'warn';
    logger[level]('a request was not answered to its end', { code: 'HTTP_NOT_ANSWERED', error });
    if (writer.hasHead) {
      // The server would end a cut answer as if it were whole; failing the call is second best.
      if (await writer.breakOff()) return;
      throw error;
    }
    await refuse(writer, 500, 'HTTP_FAILED', 'The plugin did not answer; see the server log.');
  }
}

/** How the body is delimited; nothing for a request without one. */
function framing({ method, contentLength }: HostRequest): [string, string][] {
  if (contentLength !== undefined) return [['content-length', String(contentLength)]];
  // Only a request that usually has a body may have one of unknown length.
  return ['POST', 'PUT', 'PATCH'].includes(method) ? [['transfer-encoding', 'chunked']] : [];
}

async function dialBoth(
  broker: MuxBroker,
  { responseWriterId, requestBodyId }: HostRequest,
): Promise<[ByteStream, ByteStream | undefined]> {
  const body = requestBodyId === 0 ? undefined : broker.dial(requestBodyId);
  const [writer, bodyOutcome] = await Promise.allSettled([broker.dial(responseWriterId), body]);
  if (writer.status === 'rejected') {
    if (bodyOutcome.status === 'fulfilled') bodyOutcome.value?.destroy();
    throw writer.reason;
  }
  if (bodyOutcome.status === 'rejected') {
    writer.value.destroy();
    throw bodyOutcome.reason;
  }
  return [writer.value, bodyOutcome.value];
}

function answerOf(outgoing: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    outgoing.once('response', resolve);
    outgoing.on('error', reject);
    outgoing.once('close', () => reject(new Error('the request was closed without an answer')));
  });
}

async function sendBody(
  outgoing: ClientRequest,
  body: ByteStream | undefined,
  contentLength: number | undefined,
  onCut: (error: BodyCutError) => void,
): Promise<void> {
  if (body === undefined) {
    outgoing.end();
    return;
  }
  const pieces = async function* () {
    try {
      yield* pullRequestBody(body, contentLength);
    } catch (error) {
      // Told before it breaks anything else.
      if (error instanceof BodyCutError) onCut(error);
      throw error;
    }
  };
  await pipeline(Readable.from(pieces()), outgoing);
}

/**
 * Passes a body on. One without a length is live: what was written must not wait in the server until
 * more comes.
 */
async function copyBody(response: IncomingMessage, writer: ResponseWriter): Promise<void> {
  const isLive = response.headers['content-length'] === undefined;
  const chunks = response.iterator()[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
  for (;;) {
    const next = chunks.next();
    if (isLive && (await isLate(next))) await writer.flush();
    const result = await next;
    if (result.done === true) return;
    await writer.write(result.value);
  }
}

/** Whether the promise is still open after a turn of the event loop. */
function isLate(promise: Promise<unknown>): Promise<boolean> {
  return new Promise((resolve) => {
    const isHere = () => resolve(false);
    promise.then(isHere, isHere);
    setImmediate(() => resolve(true));
  });
}

async function endQuietly(stream: ByteStream | undefined): Promise<void> {
  if (stream === undefined) return;
  try {
    await stream.end();
  } catch {
    // It broke before; the host has dropped its end.
  }
  // What is left of an unread body must not keep coming.
  stream.destroy();
}

/** An answer that no handler makes. */
async function refuse(
  writer: ResponseWriter,
  status: number,
  code: string,
  message: string,
): Promise<void> {
  const body = Buffer.from(JSON.stringify({ code, message, detail: '' }));
  const headers = ['Content-Type', 'application/json', 'Content-Length', String(body.length)];
  await writer.writeHead(status, headers);
  await writer.write(body);
}
