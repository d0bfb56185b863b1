import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { systemClock } from '../../runtime/index.ts';
import { minPartBytes } from '../limits.ts';
import { signatureFault } from './signature-fixture.ts';

/** A request as the double saw it. */
export interface S3Request {
  method: string;
  /** What it does: `PutObject`, `UploadPart` … */
  operation: string;
  key: string;
  headers: IncomingMessage['headers'];
  range: string | undefined;
}

/** What a test can make of a request; `status` and `code` answer with an error. */
export type S3Fault =
  | { kind: 'answer'; status: number; code: string }
  /** Ends the connection before an answer, or behind that many bytes of the body. */
  | { kind: 'reset'; afterBytes?: number }
  /** Does what was asked and ends the connection instead of answering. */
  | { kind: 'loss' }
  /** Never answers. */
  | { kind: 'silence'; afterBytes?: number };

interface Stored {
  bytes: Buffer;
  etag: string;
  modifiedMs: number;
}

interface Upload {
  key: string;
  parts: Map<number, Buffer>;
}

/**
 * A strict S3 in this process: verifies signatures, wants lengths, refuses the framing of newer
 * clients and parts below 5 MiB, knows one bucket. Listings come in pages of three.
 */
export class S3Double {
  readonly objects = new Map<string, Stored>();
  readonly uploads = new Map<string, Upload>();
  readonly requests: S3Request[] = [];
  readonly bucket = 'bucket';
  readonly accessKeyId = 'AKIDEXAMPLE';
  readonly secretAccessKey = 'the/secret+key';
  readonly region: string;
  fault: (request: S3Request) => S3Fault | undefined = () => undefined;
  /** How far its clock is off. */
  skewMs = 0;
  #server: Server;
  #ids = 0;

  private constructor(region: string) {
    this.region = region;
    this.#server = createServer((request, response) => {
      this.#serve(request, response).catch((error: unknown) => {
        response.destroy(error as Error);
      });
    });
  }

  static async start(region = 'us-east-1'): Promise<S3Double> {
    const double = new S3Double(region);
    await new Promise<void>((resolve) => double.#server.listen(0, '127.0.0.1', resolve));
    return double;
  }

  get endpoint(): string {
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
    const url = new URL(request.url ?? '', 'http://host');
    const [, bucket = '', ...rest] = url.pathname.split('/');
    const key = decodeURIComponent(rest.join('/'));
    const operation = operationOf(request.method ?? '', key, url.searchParams);
    const { method = '', headers } = request;
    const seen = { method, operation, key, headers, range: headers.range };
    this.requests.push(seen);
    const fault = this.fault(seen);
    response.setHeader('Date', new Date(this.#nowMs()).toUTCString());
    if (fault?.kind === 'answer') {
      answerError(response, fault.status, fault.code);
      return;
    }
    const isLost = fault?.kind === 'loss';
    if (fault !== undefined && !isLost && operation !== 'GetObject') {
      if (fault.kind === 'reset') request.socket.destroy();
      return;
    }
    const refusal = this.#refusal(request, body, bucket);
    if (refusal !== undefined) {
      answerError(response, ...refusal);
      return;
    }
    // What is written from here on does not leave before the connection ends.
    if (isLost) request.socket.cork();
    this.#operate(operation, key, url.searchParams, body, headers, response, fault);
    if (isLost) request.socket.destroy();
  }

  #nowMs(): number {
    return systemClock.nowMs() + this.skewMs;
  }

  #refusal(request: IncomingMessage, body: Buffer, bucket: string): [number, string] | undefined {
    const { accessKeyId, secretAccessKey, region } = this;
    const keys = { accessKeyId, secretAccessKey, region, nowMs: this.#nowMs() };
    const wrong = signatureFault(request, body, keys);
    if (wrong !== undefined) return [wrong === 'AuthorizationHeaderMalformed' ? 400 : 403, wrong];
    const { headers, method } = request;
    const isFramed =
      headers['content-encoding']?.includes('aws-chunked') === true ||
      headers['x-amz-trailer'] !== undefined;
    if (isFramed) return [501, 'NotImplemented'];
    if (method === 'PUT' && headers['content-length'] === undefined) {
      return [411, 'MissingContentLength'];
    }
    return bucket === this.bucket ? undefined : [404, 'NoSuchBucket'];
  }

  #operate(
    operation: string,
    key: string,
    query: URLSearchParams,
    body: Buffer,
    headers: IncomingMessage['headers'],
    response: ServerResponse,
    fault: S3Fault | undefined,
  ): void {
    const upload = this.uploads.get(query.get('uploadId') ?? '');
    switch (operation) {
      case 'PutObject': {
        answer(response, 200, '', { ETag: this.#keep(key, body) });
        return;
      }
      case 'HeadObject':
      case 'GetObject': {
        this.#give(operation, key, headers.range, response, fault);
        return;
      }
      case 'DeleteObject':
        this.objects.delete(key);
        {
          answer(response, 204, '');
          return;
        }
      case 'ListObjectsV2': {
        answer(response, 200, this.#list(query));
        return;
      }
      case 'CreateMultipartUpload': {
        const id = `upload-${String(this.#ids++)}`;
        this.uploads.set(id, { key, parts: new Map() });
        answer(response, 200, xml('InitiateMultipartUploadResult', tag('UploadId', id)));
        return;
      }
      case 'UploadPart':
        if (upload === undefined) {
          answerError(response, 404, 'NoSuchUpload');
          return;
        }
        upload.parts.set(Number(query.get('partNumber')), body);
        {
          answer(response, 200, '', { ETag: etagOf(body) });
          return;
        }
      case 'CompleteMultipartUpload': {
        this.#complete(query.get('uploadId') ?? '', body.toString(), response);
        return;
      }
      case 'AbortMultipartUpload':
        this.uploads.delete(query.get('uploadId') ?? '');
        {
          answer(response, 204, '');
          return;
        }
      default: {
        answerError(response, 501, 'NotImplemented');
        return;
      }
    }
  }

  #keep(key: string, bytes: Buffer, etag = etagOf(bytes)): string {
    this.objects.set(key, { bytes, etag, modifiedMs: this.#nowMs() });
    return etag;
  }

  #complete(id: string, asked: string, response: ServerResponse): void {
    const upload = this.uploads.get(id);
    if (upload === undefined) {
      answerError(response, 404, 'NoSuchUpload');
      return;
    }
    const numbers = [...asked.matchAll(/<PartNumber>(\d+)<\/PartNumber>/g)].map(([, n]) =>
      Number(n),
    );
    const parts = numbers.map((number) => upload.parts.get(number));
    if (parts.includes(undefined)) {
      answerError(response, 400, 'InvalidPart');
      return;
    }
    const isSmall = parts.slice(0, -1).some((part) => part!.length < minPartBytes);
    if (isSmall) {
      answerError(response, 400, 'EntityTooSmall');
      return;
    }
    this.uploads.delete(id);
    const whole = parts as Buffer[];
    const sums = whole.map((part) => createHash('md5').update(part).digest());
    const etag = etagOf(Buffer.concat(sums)).replace(/"$/, `-${String(whole.length)}"`);
    this.#keep(upload.key, Buffer.concat(whole), etag);
    answer(response, 200, xml('CompleteMultipartUploadResult', tag('ETag', etag)));
  }

  #give(
    operation: string,
    key: string,
    range: string | undefined,
    response: ServerResponse,
    fault: S3Fault | undefined,
  ): void {
    const stored = this.objects.get(key);
    if (stored === undefined) {
      answerError(response, 404, 'NoSuchKey');
      return;
    }
    const { bytes, etag, modifiedMs } = stored;
    const [, first, last = ''] = /^bytes=(\d+)-(\d*)$/.exec(range ?? '') ?? [];
    const start = Number(first ?? 0);
    if (range !== undefined && start >= bytes.length) {
      answerError(response, 416, 'InvalidRange');
      return;
    }
    const end = Math.min(last === '' ? bytes.length : Number(last) + 1, bytes.length);
    const total = String(bytes.length);
    response.writeHead(range === undefined ? 200 : 206, {
      ETag: etag,
      'Last-Modified': new Date(modifiedMs).toUTCString(),
      'Content-Length': end - start,
      ...(range && { 'Content-Range': `bytes ${String(start)}-${String(end - 1)}/${total}` }),
    });
    const part = bytes.subarray(start, end);
    if (operation === 'HeadObject') response.end();
    else if (fault === undefined || fault.kind === 'answer' || fault.kind === 'loss')
      response.end(part);
    else
      response.write(part.subarray(0, fault.afterBytes ?? 0), () => {
        if (fault.kind === 'reset') response.socket?.destroy();
      });
  }

  #list(query: URLSearchParams): string {
    const prefix = query.get('prefix') ?? '';
    const isFolding = query.get('delimiter') === '/';
    const lines = new Map<string, string>();
    for (const [key, { bytes, etag, modifiedMs }] of this.objects) {
      if (!key.startsWith(prefix)) continue;
      const slash = isFolding ? key.indexOf('/', prefix.length) : -1;
      if (slash < 0) {
        const date = new Date(modifiedMs).toISOString();
        const size = tag('Size', String(bytes.length));
        const fields = tag('Key', key) + tag('LastModified', date) + tag('ETag', etag) + size;
        lines.set(key, `<Contents>${fields}</Contents>`);
      } else {
        const folded = key.slice(0, slash + 1);
        lines.set(folded, `<CommonPrefixes>${tag('Prefix', folded)}</CommonPrefixes>`);
      }
    }
    const after = Buffer.from(query.get('continuation-token') ?? '', 'base64');
    const keys = [...lines.keys()]
      .filter((key) => Buffer.compare(Buffer.from(key), after) > 0)
      .sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    const page = keys.slice(0, 3);
    const isTruncated = keys.length > page.length;
    const next = isTruncated
      ? tag('NextContinuationToken', Buffer.from(page.at(-1)!).toString('base64'))
      : '';
    const content = page.map((key) => lines.get(key)!).join('');
    return xml('ListBucketResult', tag('IsTruncated', String(isTruncated)) + next + content);
  }
}

function operationOf(method: string, key: string, query: URLSearchParams): string {
  if (method === 'POST')
    return query.has('uploads') ? 'CreateMultipartUpload' : 'CompleteMultipartUpload';
  if (method === 'PUT') return query.has('uploadId') ? 'UploadPart' : 'PutObject';
  if (method === 'DELETE') return query.has('uploadId') ? 'AbortMultipartUpload' : 'DeleteObject';
  if (method === 'GET') return key === '' ? 'ListObjectsV2' : 'GetObject';
  return method === 'HEAD' ? 'HeadObject' : 'Unknown';
}

function answer(
  response: ServerResponse,
  status: number,
  body: string,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'Content-Type': 'application/xml', ...headers }).end(body);
}

function answerError(response: ServerResponse, status: number, code: string): void {
  const isHead = response.req.method === 'HEAD';
  const fields = tag('Code', code) + tag('Message', 'as the test said') + tag('Secret', 'hunter2');
  answer(response, status, isHead ? '' : xml('Error', fields));
}

function etagOf(bytes: Buffer): string {
  return `"${createHash('md5').update(bytes).digest('hex')}"`;
}

function xml(name: string, content: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?><${name}>${content}</${name}>`;
}

function tag(name: string, text: string): string {
  const safe = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
  return `<${name}>${safe}</${name}>`;
}
