import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzip } from 'node:zlib';
import { ExporterBody } from './exporter-body.ts';
import { exporterProfiles, type ExporterProfile } from './exporter-families.ts';
import { sendHuge, spoilBody, type ExporterFault } from './exporter-faults.ts';

export type { ExporterFault } from './exporter-faults.ts';
export type { ExporterProfile } from './exporter-families.ts';

export interface ExporterOptions {
  /** A loopback address; 127.0.0.1 by default. */
  address?: string;
  /** 0 or absent: any free one. */
  port?: number;
  profile?: keyof typeof exporterProfiles | ExporterProfile;
  /** Equal seeds move equally. */
  seed?: number;
  /** Keeps up to so many served bodies for {@link Exporter.served}. */
  recordBodies?: number;
  /** How far values move per answer; absent: as far as time has passed. */
  stepSeconds?: number;
  /** Pause between the bytes of a slow answer. */
  trickleMs?: number;
}

/** One good answer. */
export interface ServedBody {
  atMs: number;
  body: Buffer;
}

/** A synthetic Mattermost server's metrics, on loopback. */
export interface Exporter {
  readonly url: string;
  readonly port: number;
  /** Requests so far, with their headers of the last one. */
  readonly requests: number;
  readonly lastHeaders: IncomingMessage['headers'];
  /** Bytes of bodies written so far, before the network. */
  readonly sentBytes: number;
  /** Answers other paths than `/metrics`, such as those of plugins; 404 by default. */
  otherwise: RequestListener | undefined;
  setFault(fault: ExporterFault): Promise<void>;
  /** Counter reset, as a restarted server shows it. */
  restart(): void;
  /** 14 series more, and 14 fewer. */
  addHandler(): void;
  removeHandler(): void;
  addCounter(name: string, labels: [string, string][]): void;
  /** Resolves when the next request has arrived. */
  nextRequest(): Promise<void>;
  served(): readonly ServedBody[];
  close(): Promise<void>;
}

/** Starts an exporter that serves `/metrics` on loopback. */
export async function startExporter(options: ExporterOptions = {}): Promise<Exporter> {
  const exporter = new SyntheticExporter(options);
  await exporter.listen(options.port ?? 0);
  return exporter;
}

class SyntheticExporter implements Exporter {
  readonly #options: ExporterOptions;
  readonly #body: ExporterBody;
  readonly #served: ServedBody[] = [];
  #server: Server | undefined;
  #port = 0;
  #fault: ExporterFault = 'none';
  #lastMs = Date.now();
  #waiting: (() => void)[] = [];
  #trickles = new Set<NodeJS.Timeout>();
  otherwise: RequestListener | undefined;
  requests = 0;
  lastHeaders: IncomingMessage['headers'] = {};
  sentBytes = 0;

  constructor(options: ExporterOptions) {
    this.#options = options;
    const { profile = 'mid' } = options;
    this.#body = new ExporterBody(
      typeof profile === 'string' ? exporterProfiles[profile] : profile,
      options.seed ?? 1,
      () => Date.now(),
    );
  }

  get port(): number {
    return this.#port;
  }

  get #address(): string {
    return this.#options.address ?? '127.0.0.1';
  }

  get url(): string {
    return `http://${this.#address}:${String(this.#port)}/metrics`;
  }

  async listen(port: number): Promise<void> {
    const server = createServer((request, response) => void this.#answer(request, response));
    server.keepAliveTimeout = 300_000;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, this.#address, resolve);
    });
    this.#server = server;
    this.#port = (server.address() as AddressInfo).port;
  }

  async setFault(fault: ExporterFault): Promise<void> {
    this.#fault = fault;
    if (fault === 'refuse') await this.#stopListening();
    else if (this.#server === undefined) await this.listen(this.#port);
  }

  restart(): void {
    this.#body.restart();
  }

  addHandler(): void {
    this.#body.addHandler();
  }

  removeHandler(): void {
    this.#body.removeHandler();
  }

  addCounter(name: string, labels: [string, string][]): void {
    this.#body.addCounter(name, labels);
  }

  nextRequest(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
    });
  }

  served(): readonly ServedBody[] {
    return this.#served;
  }

  async close(): Promise<void> {
    for (const trickle of this.#trickles) clearInterval(trickle);
    await this.#stopListening();
  }

  async #stopListening(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.requests++;
    this.lastHeaders = request.headers;
    response.on('error', () => undefined);
    if (request.url !== '/metrics') {
      if (this.otherwise === undefined) response.writeHead(404).end();
      else this.otherwise(request, response);
    } else if (!this.#answerBadly(request, response)) {
      await this.#answerWell(request, response);
    }
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }

  /** Answers as the fault says; false when the fault is one of the body alone. */
  #answerBadly(request: IncomingMessage, response: ServerResponse): boolean {
    response.setHeader('Content-Type', 'text/plain; version=0.0.4; charset=utf-8');
    switch (this.#fault) {
      case 'reset':
        request.socket.destroy();
        return true;
      case 'hang':
        return true;
      case 'not-http':
        request.socket.end('220 mail.example.com ESMTP\r\n');
        return true;
      case '404':
        response.writeHead(404).end('404 page not found\n');
        return true;
      case '503':
        response.writeHead(503).end('shutting down\n');
        return true;
      case 'redirect':
        response.writeHead(302, { Location: `${this.url}?again` }).end();
        return true;
      case 'trickle':
        this.#trickle(response);
        return true;
      case 'huge':
        sendHuge(response, false);
        return true;
      case 'gzip-bomb':
        sendHuge(response, true);
        return true;
      case 'bad-gzip':
        response.setHeader('Content-Encoding', 'gzip');
        response.end('this is not gzip\n');
        return true;
      case 'bad-encoding':
        response.setHeader('Content-Encoding', 'br');
        response.end('whatever');
        return true;
      default:
        return false;
    }
  }

  async #answerWell(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const nowMs = Date.now();
    this.#body.advance(this.#options.stepSeconds ?? (nowMs - this.#lastMs) / 1000);
    this.#lastMs = nowMs;
    const body = spoilBody(this.#fault, this.#body.render());
    if (this.#served.length < (this.#options.recordBodies ?? 0)) {
      this.#served.push({ atMs: nowMs, body });
    }
    const isGzip = String(request.headers['accept-encoding']).includes('gzip');
    const sent = isGzip ? await compress(body) : body;
    if (isGzip) response.setHeader('Content-Encoding', 'gzip');
    this.sentBytes += sent.length;
    if (this.#fault === 'cut' || this.#fault === 'cut-chunked') {
      if (this.#fault === 'cut') response.setHeader('Content-Length', sent.length);
      response.write(sent.subarray(0, sent.length / 2), () => request.socket.destroy());
      return;
    }
    response.end(sent);
  }

  #trickle(response: ServerResponse): void {
    const timer = setInterval(() => {
      if (response.destroyed) {
        clearInterval(timer);
        this.#trickles.delete(timer);
      } else response.write('#');
    }, this.#options.trickleMs ?? 100);
    this.#trickles.add(timer);
    response.flushHeaders();
  }
}

function compress(body: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    gzip(body, { level: 1 }, (error, result) => {
      if (error === null) resolve(result);
      else reject(error);
    });
  });
}
