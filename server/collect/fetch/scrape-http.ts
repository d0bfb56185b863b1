import { Agent, request, type ClientRequest, type IncomingMessage } from 'node:http';
import { Agent as TlsAgent, request as tlsRequest } from 'node:https';
import { isIP, isIPv6, type LookupFunction } from 'node:net';
import { createGunzip, type Gunzip } from 'node:zlib';
import { say } from '../../../api/index.ts';
import { acceptedFormats } from '../../../lib/exposition/index.ts';
import type { Clock, Timer } from '../../../lib/runtime/index.ts';
import { isForbiddenAddress } from '../../settings/index.ts';
import { ScrapeError } from '../errors.ts';
import { gunzipChunkBytes } from '../limits.ts';
import type { BodyBuffer } from '../slots/index.ts';
import type { TargetAccess } from '../target.ts';
import { connectionError, gunzipError, statusError } from './http-errors.ts';
import { NameLookup, type NameResolver } from './name-lookup.ts';

export interface ScrapeRequest {
  host: string;
  port: number;
  /** Begins with a slash. */
  path: string;
  scheme?: 'http' | 'https' | undefined;
  /** The name that `host` is an address of. */
  serverName?: string | undefined;
  access?: TargetAccess | undefined;
  /** Whether an answer must say that it is metrics. */
  mustBeText?: boolean;
  /** Covers everything from looking up the name to the last byte of the body. */
  timeoutMs: number;
  /** A body of this many bytes, uncompressed, is too long. */
  bodyLimitBytes: number;
  /** Receives the body; its content counts only when the fetch succeeded. */
  into: BodyBuffer;
  signal: AbortSignal;
}

/** Fetches one body; rejects with {@link ScrapeError}. The scrape loops need no more of HTTP. */
export interface BodyFetcher {
  fetch(request: ScrapeRequest): Promise<void>;
}

/**
 * Fetches expositions by HTTP over connections that stay open between scrapes. No redirects, no
 * proxies, and no connection to an address that must not be asked: a name is looked up once, and
 * what was checked is what is connected to. The owner calls {@link close}.
 */
export class ScrapeClient implements BodyFetcher {
  readonly #clock: Clock;
  readonly #userAgent: string;
  readonly #agents: Agents = {
    http: new Agent({ keepAlive: true, maxFreeSockets: 64 }),
    https: new TlsAgent({ keepAlive: true, maxFreeSockets: 64 }),
  };
  readonly #names: NameLookup;

  /** Tests replace the operating system's look-up of names. */
  constructor(options: { clock: Clock; version: string; resolveName?: NameResolver }) {
    this.#clock = options.clock;
    const { resolveName: resolve } = options;
    this.#names = new NameLookup(options.clock, resolve === undefined ? undefined : { resolve });
    this.#userAgent = `mattermost-plugin-metrics/${options.version}`;
  }

  async fetch(scrape: ScrapeRequest): Promise<void> {
    const startMs = this.#clock.monotonicMs();
    const first = this.#exchange(this.#agents, scrape);
    if (await first.run(scrape.timeoutMs)) return;
    // A connection that stayed open had been closed by the target meanwhile: once more, afresh.
    const leftMs = Math.max(1, scrape.timeoutMs - (this.#clock.monotonicMs() - startMs));
    const second = this.#exchange(undefined, scrape);
    if (!(await second.run(leftMs))) {
      throw new ScrapeError('SCRAPE_RESET', say('scrape.closed'));
    }
  }

  close(): void {
    this.#agents.http.destroy();
    this.#agents.https.destroy();
  }

  #exchange(agents: Agents | undefined, scrape: ScrapeRequest): Exchange {
    const tools = { clock: this.#clock, names: this.#names, userAgent: this.#userAgent };
    return new Exchange({ ...tools, agents }, scrape);
  }
}

interface Agents {
  http: Agent;
  https: TlsAgent;
}

/** What exchanges share. */
interface ExchangeTools {
  clock: Clock;
  names: NameLookup;
  userAgent: string;
  /** Undefined opens a connection of its own and closes it afterwards. */
  agents: Agents | undefined;
}

/** One request and its answer. */
class Exchange {
  readonly #tools: ExchangeTools;
  readonly #scrape: ScrapeRequest;
  #request: ClientRequest | undefined;
  #gunzip: Gunzip | undefined;
  #timer: Timer | undefined;
  #settled = false;
  #hasAnswer = false;
  #isLookingUp = false;
  #resolve: (isDone: boolean) => void = () => undefined;
  #reject: (error: Error) => void = () => undefined;
  readonly #onAbort = () => this.#fail(new ScrapeError('SCRAPE_STOPPED', say('scrape.stopped')));

  constructor(tools: ExchangeTools, scrape: ScrapeRequest) {
    this.#tools = tools;
    this.#scrape = scrape;
  }

  /** True when the body is complete, false when a reused connection turned out to be dead. */
  run(timeoutMs: number): Promise<boolean> {
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
      const { signal } = this.#scrape;
      if (signal.aborted) {
        this.#onAbort();
        return;
      }
      signal.addEventListener('abort', this.#onAbort, { once: true });
      this.#timer = this.#tools.clock.setTimer(timeoutMs, () => this.#onTimeout());
      this.#scrape.into.reset(this.#scrape.bodyLimitBytes);
      this.#send(timeoutMs);
    });
  }

  #send(timeoutMs: number): void {
    const { host, port, path, scheme } = this.#scrape;
    const { agents, userAgent } = this.#tools;
    // An address is connected to without a look-up.
    if (isForbiddenAddress(host)) {
      this.#fail(forbidden());
      return;
    }
    const headers = {
      Accept: acceptedFormats,
      'Accept-Encoding': 'gzip',
      'User-Agent': userAgent,
      'X-Prometheus-Scrape-Timeout-Seconds': String(timeoutMs / 1000),
      ...ownHeaders(this.#scrape),
    };
    const options = { method: 'GET', host, port, path, headers, lookup: this.#lookup };
    const sent =
      scheme === 'https'
        ? tlsRequest({ ...options, ...trustOf(this.#scrape), agent: agents?.https ?? false })
        : request({ ...options, agent: agents?.http ?? false });
    this.#request = sent;
    sent.on('response', (answer) => this.#receive(answer));
    sent.on('error', (cause) => {
      const isStale = sent.reusedSocket && !this.#hasAnswer && !this.#settled;
      if (isStale) this.#finish(() => this.#resolve(false));
      else this.#fail(connectionError(cause, this.#hasAnswer));
    });
    sent.end();
  }

  /** Looks up the host and gives the socket only addresses that may be asked. */
  readonly #lookup: LookupFunction = (name, options, callback) => {
    this.#isLookingUp = true;
    this.#tools.names.lookup(name, options, (error, found, family) => {
      this.#isLookingUp = false;
      if (error !== null) {
        callback(error, found, family);
        return;
      }
      const list = typeof found === 'string' ? [{ address: found, family: family ?? 0 }] : found;
      const [first, ...more] = list.filter(({ address }) => !isForbiddenAddress(address));
      if (first === undefined) {
        this.#fail(forbidden());
        callback(new Error('no address may be asked'), '', 0);
      } else if (typeof found === 'string') callback(null, first.address, first.family);
      else callback(null, [first, ...more]);
    });
  };

  #receive(answer: IncomingMessage): void {
    this.#hasAnswer = true;
    answer.on('error', (cause) => this.#fail(connectionError(cause, true)));
    if (answer.statusCode !== 200) {
      this.#fail(statusError(answer.statusCode ?? 0));
      return;
    }
    const contentType = answer.headers['content-type'];
    if (this.#scrape.mustBeText === true && !metricsType.test(contentType ?? '')) {
      this.#fail(new ScrapeError('SCRAPE_CONTENT_TYPE', say('scrape.not-metrics')));
      return;
    }
    this.#scrape.into.contentType = contentType;
    const encoding = (answer.headers['content-encoding'] ?? 'identity').trim().toLowerCase();
    if (encoding === 'gzip' || encoding === 'x-gzip') this.#receiveGzip(answer);
    else if (encoding === 'identity' || encoding === '') this.#receivePlain(answer);
    else this.#fail(new ScrapeError('SCRAPE_BAD_ENCODING', say('scrape.unasked-encoding')));
  }

  #receivePlain(answer: IncomingMessage): void {
    answer.on('data', (chunk: Buffer) => this.#append(chunk));
    answer.on('end', () => this.#end(answer));
  }

  #receiveGzip(answer: IncomingMessage): void {
    const gunzip = createGunzip({ chunkSize: gunzipChunkBytes });
    this.#gunzip = gunzip;
    answer.on('data', (chunk: Buffer) => {
      if (!gunzip.write(chunk)) answer.pause();
    });
    gunzip.on('drain', () => answer.resume());
    // Bytes behind the compressed body end it early; the answer must be complete all the same.
    let open = 2;
    const endOne = () => {
      if (--open === 0) this.#end(answer);
    };
    answer.on('end', () => {
      gunzip.end();
      endOne();
    });
    // Output is freed here: left to the garbage collector, that of a hundred scrapes makes it go
    // through all memory.
    let output: ArrayBuffer | undefined;
    gunzip.on('data', (chunk: Buffer<ArrayBuffer>) => {
      this.#append(chunk);
      if (chunk.buffer.byteLength !== gunzipChunkBytes) return;
      output = chunk.buffer;
      if (chunk.length === gunzipChunkBytes) output.transfer(0);
    });
    gunzip.on('close', () => {
      // Broken off, it may still be written to.
      if (gunzip.readableEnded && gunzip.writableFinished) output?.transfer(0);
    });
    gunzip.on('end', endOne);
    gunzip.on('error', (cause) => this.#fail(gunzipError(cause)));
  }

  #append(chunk: Uint8Array): void {
    if (this.#settled || this.#tryAppend(chunk)) return;
    const sentence = say('scrape.too-long', { limitBytes: this.#scrape.bodyLimitBytes });
    this.#fail(new ScrapeError('SCRAPE_BODY_LIMIT', sentence));
  }

  /** False when the body is too long; there may be no memory for it before. */
  #tryAppend(chunk: Uint8Array): boolean {
    try {
      return this.#scrape.into.append(chunk);
    } catch (error) {
      this.#fail(error as ScrapeError);
      return true;
    }
  }

  #end(answer: IncomingMessage): void {
    if (answer.complete) this.#finish(() => this.#resolve(true));
    else this.#fail(connectionError(undefined, true));
  }

  #onTimeout(): void {
    const limitMs = this.#scrape.timeoutMs;
    if (this.#isLookingUp) {
      this.#fail(new ScrapeError('SCRAPE_DNS', say('scrape.lookup-late', { limitMs })));
      return;
    }
    const id = this.#hasAnswer ? 'scrape.unfinished' : 'scrape.late';
    this.#fail(new ScrapeError('SCRAPE_TIMEOUT', say(id, { limitMs })));
  }

  #fail(error: ScrapeError): void {
    this.#finish(() => this.#reject(error));
    this.#request?.destroy();
    this.#gunzip?.destroy();
  }

  #finish(settle: () => void): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#timer?.cancel();
    this.#scrape.signal.removeEventListener('abort', this.#onAbort);
    settle();
  }
}

/** The types that metrics come as. */
const metricsType = /^\s*(text\/plain|application\/openmetrics-text)\s*(;|$)/i;

/** Headers that not every target gets. */
function ownHeaders({ access = {}, serverName, port, scheme = 'http' }: ScrapeRequest) {
  const { authorization } = access;
  return {
    ...(serverName === undefined ? {} : { Host: hostHeader(serverName, port, scheme) }),
    ...(authorization === undefined ? {} : { Authorization: authorization }),
  };
}

/** Whom to believe, and under which name. */
function trustOf({ access = {}, serverName }: ScrapeRequest) {
  const { ca } = access;
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(serverName === undefined || isIP(serverName) !== 0 ? {} : { servername: serverName }),
  };
}

function forbidden(): ScrapeError {
  return new ScrapeError('SCRAPE_FORBIDDEN', say('scrape.forbidden'));
}

function hostHeader(name: string, port: number, scheme: 'http' | 'https'): string {
  const host = isIPv6(name) ? `[${name}]` : name;
  return port === (scheme === 'https' ? 443 : 80) ? host : `${host}:${String(port)}`;
}
