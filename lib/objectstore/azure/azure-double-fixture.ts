import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { systemClock } from '../../runtime/index.ts';
import { sharedKeyFault } from './shared-key-fixture.ts';

/** A request as the double saw it. */
export interface AzureRequest {
  method: string;
  /** What it does: `PutBlob`, `PutBlock` … */
  operation: string;
  /** Name of the blob; empty for the container. */
  name: string;
  headers: IncomingMessage['headers'];
}

/** What a test can make of a request. */
export type AzureFault =
  | { kind: 'answer'; status: number; code: string }
  /** Ends the connection before an answer, or behind that many bytes of the body. */
  | { kind: 'reset'; afterBytes?: number };

interface Stored {
  bytes: Buffer;
  etag: string;
  modifiedMs: number;
  isDirectory?: boolean;
}

/**
 * A strict Azure Blob Storage in this process: verifies signatures and lengths, knows one container
 * and uploads in blocks. Listings come in pages of three.
 */
export class AzureDouble {
  readonly blobs = new Map<string, Stored>();
  /** Blocks that were not committed, by blob and id. */
  readonly blocks = new Map<string, Map<string, Buffer>>();
  readonly requests: AzureRequest[] = [];
  readonly account = 'devaccount';
  readonly accessKey = Buffer.from('a key of the double').toString('base64');
  readonly container = 'metrics';
  fault: (request: AzureRequest) => AzureFault | undefined = () => undefined;
  /** How far its clock is off. */
  skewMs = 0;
  readonly #server: Server;
  #writes = 0;

  private constructor() {
    this.#server = createServer((request, response) => {
      this.#serve(request, response).catch((error: unknown) => {
        response.destroy(error as Error);
      });
    });
  }

  static async start(): Promise<AzureDouble> {
    const double = new AzureDouble();
    await new Promise<void>((resolve) => double.#server.listen(0, '127.0.0.1', resolve));
    return double;
  }

  /** `host:port` */
  get host(): string {
    return `127.0.0.1:${String((this.#server.address() as AddressInfo).port)}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const { headers, method = '', url: path = '' } = request;
    const url = new URL(path, 'http://host');
    const [, account, container, ...rest] = url.pathname.split('/');
    const name = decodeURIComponent(rest.join('/'));
    const operation = operationOf(method, name, url.searchParams);
    const seen = { method, operation, name, headers };
    this.requests.push(seen);
    const fault = this.fault(seen);
    response.setHeader('Date', new Date(this.#nowMs()).toUTCString());
    if (fault?.kind === 'answer') {
      answerError(response, fault.status, fault.code);
      return;
    }
    if (fault?.kind === 'reset' && operation !== 'GetBlob') {
      request.socket.destroy();
      return;
    }
    const { accessKey } = this;
    const keys = { account: this.account, accessKey, nowMs: this.#nowMs() };
    const refusal = sharedKeyFault(request, keys);
    if (refusal !== undefined) {
      answerError(response, 403, refusal);
      return;
    }
    if (account !== this.account || container !== this.container) {
      answerError(response, 404, 'ContainerNotFound');
      return;
    }
    if (method === 'PUT' && headers['content-length'] === undefined) {
      answerError(response, 411, 'MissingContentLengthHeader');
      return;
    }
    this.#operate(seen, url.searchParams, body, response, fault);
  }

  #nowMs(): number {
    return systemClock.nowMs() + this.skewMs;
  }

  #operate(
    { headers, name, operation }: AzureRequest,
    query: URLSearchParams,
    body: Buffer,
    response: ServerResponse,
    fault: AzureFault | undefined,
  ): void {
    switch (operation) {
      case 'PutBlob':
        this.#keep(name, body, response);
        return;
      case 'PutBlock':
        this.#stage(name, query.get('blockid') ?? '', body, response);
        return;
      case 'PutBlockList':
        this.#commit(name, body.toString(), response);
        return;
      case 'DeleteBlob':
        if (this.blobs.delete(name)) response.writeHead(202).end();
        else answerError(response, 404, 'BlobNotFound');
        return;
      case 'List':
        answer(response, 200, this.#list(query));
        return;
      default:
        this.#give(operation === 'GetBlob', name, headers, response, fault);
    }
  }

  #keep(name: string, bytes: Buffer, response: ServerResponse): void {
    const etag = `"0x${(++this.#writes).toString(16)}"`;
    this.blobs.set(name, { bytes, etag, modifiedMs: this.#nowMs() });
    this.blocks.delete(name);
    response.writeHead(201, { ETag: etag }).end();
  }

  #stage(name: string, id: string, bytes: Buffer, response: ServerResponse): void {
    const staged = this.blocks.get(name) ?? new Map<string, Buffer>();
    const [known] = staged.keys();
    if (known !== undefined && known.length !== id.length) {
      answerError(response, 400, 'InvalidBlobOrBlock');
      return;
    }
    this.blocks.set(name, staged.set(id, bytes));
    response.writeHead(201).end();
  }

  #commit(name: string, asked: string, response: ServerResponse): void {
    const ids = [...asked.matchAll(/<Latest>([^<]+)<\/Latest>/g)].map(([, id]) => id!);
    const staged = this.blocks.get(name);
    const parts = ids.map((id) => staged?.get(id));
    if (parts.includes(undefined)) answerError(response, 400, 'InvalidBlockList');
    else this.#keep(name, Buffer.concat(parts as Buffer[]), response);
  }

  #give(
    hasBody: boolean,
    name: string,
    headers: IncomingMessage['headers'],
    response: ServerResponse,
    fault: AzureFault | undefined,
  ): void {
    const stored = this.blobs.get(name);
    if (stored === undefined) {
      answerError(response, 404, 'BlobNotFound');
      return;
    }
    const { bytes, etag, modifiedMs } = stored;
    const range = /^bytes=(\d+)-(\d*)$/.exec(String(headers['x-ms-range'] ?? headers.range));
    const start = Number(range?.[1] ?? 0);
    if (range !== null && start >= bytes.length) {
      answerError(response, 416, 'InvalidRange');
      return;
    }
    const last = range?.[2] === undefined || range[2] === '' ? bytes.length : Number(range[2]) + 1;
    const part = bytes.subarray(start, last);
    response.writeHead(range === null ? 200 : 206, {
      ETag: etag,
      'Last-Modified': new Date(modifiedMs).toUTCString(),
      'Content-Length': part.length,
      ...(range && {
        'Content-Range': `bytes ${String(start)}-${String(start + part.length - 1)}/${String(bytes.length)}`,
      }),
    });
    if (!hasBody) response.end();
    else if (fault?.kind !== 'reset') response.end(part);
    else response.write(part.subarray(0, fault.afterBytes ?? 0), () => response.socket?.destroy());
  }

  #list(query: URLSearchParams): string {
    const prefix = query.get('prefix') ?? '';
    const lines = new Map<string, string>();
    for (const [name, { bytes, modifiedMs, isDirectory }] of this.blobs) {
      if (!name.startsWith(prefix)) continue;
      const slash = query.has('delimiter') ? name.indexOf('/', prefix.length) : -1;
      if (slash >= 0) {
        const folded = name.slice(0, slash + 1);
        lines.set(folded, tag('BlobPrefix', tag('Name', escaped(folded))));
        continue;
      }
      const size = tag('Content-Length', String(bytes.length));
      const date = tag('Last-Modified', new Date(modifiedMs).toUTCString());
      const metadata = isDirectory === true ? tag('hdi_isfolder', 'true') : '';
      const rest = tag('Properties', date + size) + tag('Metadata', metadata);
      lines.set(name, tag('Blob', tag('Name', escaped(name)) + rest));
    }
    const after = query.get('marker') ?? '';
    const names = [...lines.keys()].filter((name) => name > after).sort();
    const page = names.slice(0, 3);
    const next = names.length > page.length ? page.at(-1)! : '';
    const blobs = page.map((name) => lines.get(name)!).join('');
    return xml('EnumerationResults', tag('Blobs', blobs) + tag('NextMarker', escaped(next)));
  }
}

function operationOf(method: string, name: string, query: URLSearchParams): string {
  if (name === '') return 'List';
  if (method === 'DELETE') return 'DeleteBlob';
  if (method === 'GET') return 'GetBlob';
  if (method === 'HEAD') return 'HeadBlob';
  const part = query.get('comp');
  return part === 'block' ? 'PutBlock' : part === 'blocklist' ? 'PutBlockList' : 'PutBlob';
}

function answer(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, { 'Content-Type': 'application/xml' }).end(body);
}

function answerError(response: ServerResponse, status: number, code: string): void {
  response.setHeader('x-ms-error-code', code);
  const fields = tag('Code', code) + tag('Message', 'as the test said: hunter2');
  answer(response, status, response.req.method === 'HEAD' ? '' : xml('Error', fields));
}

function xml(name: string, content: string): string {
  return `<?xml version="1.0" encoding="utf-8"?>${tag(name, content)}`;
}

function tag(name: string, content: string): string {
  return `<${name}>${content}</${name}>`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
