import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import type { Clock, Rng } from '../../lib/runtime/index.ts';
import type { ClusterBus } from './cluster-bus.ts';
import { ClusterError } from './errors.ts';
import * as limits from './limits.ts';
import { asObject, countOf, parseJson, textOf } from './record-fields.ts';
import type { Handler, MessageFacts } from './served-requests.ts';
import type { RequestOptions } from './waiting-requests.ts';

const compress = promisify(gzip);
const decompress = promisify(gunzip);

interface Payload {
  pages: string[];
  atMs: number;
}

/**
 * Answers that do not fit one message: JSON, gzipped, in pages that are fetched one by one. All pages
 * of an answer are of one moment; the few last answers are kept for the nodes that fetch them.
 */
export class PagedAnswers {
  readonly #clock: Clock;
  readonly #rng: Rng;
  readonly #kept = new Map<string, Payload>();

  constructor(clock: Clock, rng: Rng) {
    this.#clock = clock;
    this.#rng = rng;
  }

  /** A handler for {@link ClusterBus.serve} whose answers {@link requestPages} puts together. */
  handler(produce: (body: unknown, message: MessageFacts) => unknown): Handler {
    return async (body, message) => {
      const fields = asObject(body);
      const page = countOf(fields, 'page', 0);
      const token = page === 0 ? await this.#keep(await produce(fields['ask'], message)) : '';
      return this.#page(page === 0 ? token : textOf(fields, 'token'), page);
    };
  }

  #page(token: string, page: number): unknown {
    const payload = this.#kept.get(token);
    const data = payload?.pages[page];
    if (payload === undefined || data === undefined) {
      throw new ClusterError('CLUSTER_BAD_PAYLOAD', 'The answer is not kept any more.');
    }
    const { length } = payload.pages;
    if (page === length - 1) this.#kept.delete(token);
    return { token, pages: length, page, data };
  }

  async #keep(value: unknown): Promise<string> {
    const json = Buffer.from(JSON.stringify(value ?? null));
    if (json.length > limits.maxPayloadJsonBytes) throw tooLarge(json.length);
    const bytes = await compress(json);
    if (bytes.length > limits.maxPayloadBytes) throw tooLarge(bytes.length);
    const pages: string[] = [];
    for (let at = 0; at < bytes.length; at += limits.pageBytes) {
      pages.push(bytes.subarray(at, at + limits.pageBytes).toString('base64'));
    }
    const token = Buffer.from(this.#rng.bytes(12)).toString('hex');
    const nowMs = this.#clock.monotonicMs();
    for (const [key, { atMs }] of this.#kept) {
      const isOld = nowMs - atMs > limits.keptPayloadMs;
      if (isOld || this.#kept.size >= limits.maxKeptPayloads) this.#kept.delete(key);
    }
    this.#kept.set(token, { pages, atMs: nowMs });
    return token;
  }
}

/** Asks a node for an answer in pages and puts it together. `timeoutMs` holds for each page. */
export async function requestPages(
  bus: Pick<ClusterBus, 'request'>,
  kind: string,
  to: string,
  ask: unknown,
  options: RequestOptions = {},
): Promise<unknown> {
  const first = parsePage(await bus.request(kind, to, { page: 0, ask }, options), 0);
  const parts = [first.data];
  for (let page = 1; page < first.pages; page++) {
    const body = { page, token: first.token, ask };
    const next = parsePage(await bus.request(kind, to, body, options), page);
    if (next.token !== first.token || next.pages !== first.pages) {
      throw new ClusterError(
        'CLUSTER_BAD_PAYLOAD',
        'The pages of an answer do not belong together.',
      );
    }
    parts.push(next.data);
  }
  return decoded(Buffer.concat(parts));
}

interface Page {
  token: string;
  pages: number;
  data: Buffer;
}

function parsePage(body: unknown, expected: number): Page {
  try {
    const fields = asObject(body);
    const pages = countOf(fields, 'pages', 1);
    const { data } = fields;
    if (pages > Math.ceil(limits.maxPayloadBytes / limits.pageBytes)) throw tooLarge(pages);
    if (countOf(fields, 'page', 0) !== expected) throw new TypeError('page is another one');
    if (typeof data !== 'string') throw new TypeError('data is not a text');
    return { token: textOf(fields, 'token'), pages, data: Buffer.from(data, 'base64') };
  } catch (cause) {
    const message = `A page of an answer cannot be used: ${(cause as Error).message}.`;
    throw new ClusterError('CLUSTER_BAD_PAYLOAD', message, { cause });
  }
}

async function decoded(bytes: Buffer): Promise<unknown> {
  try {
    // A small answer can claim to be a huge one.
    return parseJson(await decompress(bytes, { maxOutputLength: limits.maxPayloadJsonBytes }));
  } catch (cause) {
    const message = 'An answer cannot be unpacked, or is larger than it may be.';
    throw new ClusterError('CLUSTER_BAD_PAYLOAD', message, { cause });
  }
}

function tooLarge(size: number): ClusterError {
  return new ClusterError('CLUSTER_TOO_LARGE', `The answer is too large (${size}).`);
}
