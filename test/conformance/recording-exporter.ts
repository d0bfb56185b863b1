import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { seededRng } from '../../lib/runtime/index.ts';
import type { PrintedSample } from './dump-archive.ts';

/** Bodies that are served again and again: the edges of what a value can be. */
const specials = ['0', '-0', '1', '1e-300', '5e-324', '1.7976931348623157e308', '+Inf', '-Inf'];

/** One served series: its text in the exposition, and the same labels as promtool sorts them. */
interface ServedSeries {
  text: string;
  key: string;
}

/**
 * An exporter that remembers what it served, so that what comes out of a dump can be compared
 * sample for sample. Some series come and go, to be seen as staleness markers.
 */
export class RecordingExporter {
  /** Values of each series by its key, in the order of the scrapes; NaN where it had vanished. */
  readonly served = new Map<string, number[]>();
  scrapes = 0;
  /** What the last request signed in with. */
  authorization: string | undefined;
  #server: Server | undefined;
  readonly #series: ServedSeries[];
  readonly #random: () => number;

  constructor(seed: number, seriesCount: number) {
    this.#random = seededRng(seed).u32;
    this.#series = Array.from({ length: seriesCount }, (_, i) => seriesNumber(i));
  }

  async start(): Promise<number> {
    const server = createServer((request, response) => {
      if (request.url !== '/metrics') {
        response.writeHead(404).end();
        return;
      }
      this.authorization = request.headers.authorization;
      const body = Buffer.from(this.#exposition());
      const gzip = String(request.headers['accept-encoding']).includes('gzip');
      response.setHeader('content-type', 'text/plain; version=0.0.4; charset=utf-8');
      if (gzip) response.setHeader('content-encoding', 'gzip');
      response.end(gzip ? gzipSync(body) : body);
    });
    this.#server = server;
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return (server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    const server = this.#server;
    server?.closeAllConnections();
    await new Promise((resolve) => server?.close(resolve));
  }

  /**
   * Compares samples of a dump with what was served. Each dumped series must be the beginning of
   * the served one and reach at least to the scrape before the last. Returns how many were equal.
   */
  compare(samples: readonly PrintedSample[], dumpedScrapes: number): number {
    const dumped = new Map<string, number[]>();
    for (const { labels, value } of samples) {
      const key = keyOf(labels);
      if (!this.served.has(key)) continue;
      const values = dumped.get(key) ?? [];
      values.push(value);
      dumped.set(key, values);
    }
    let equal = 0;
    for (const [key, served] of this.served) {
      const values = dumped.get(key) ?? [];
      const expected = served.slice(0, dumpedScrapes).filter(keptSample);
      // The end of the target itself leaves one marker more.
      if (values.length === expected.length + 1 && !Number.isNaN(expected.at(-1))) {
        expected.push(NaN);
      }
      if (values.length !== expected.length || !values.every((v, i) => Object.is(v, expected[i]))) {
        throw new Error(`${key}\n served ${expected.join(' ')}\n dumped ${values.join(' ')}`);
      }
      equal += values.length;
    }
    return equal;
  }

  #exposition(): string {
    const lines = ['# HELP recorded A value that somebody remembers.', '# TYPE recorded gauge'];
    this.#series.forEach((series, i) => {
      const history = this.served.get(series.key) ?? [];
      // Every seventh series is there for three scrapes and gone for two.
      const isThere = i % 7 !== 0 || this.scrapes % 5 < 3;
      const text = isThere ? this.#value(i) : undefined;
      if (text !== undefined) lines.push(`${series.text} ${text}`);
      history.push(text === undefined ? NaN : parseValue(text));
      this.served.set(series.key, history);
    });
    this.scrapes++;
    return `${lines.join('\n')}\n`;
  }

  #value(index: number): string {
    const random = this.#random();
    if (index % 5 === 0) return specials[random % specials.length] ?? '0';
    if (index % 5 === 1) return String(this.scrapes * (index + 1));
    return String((random - 2 ** 31) / 2 ** (random % 60));
  }
}

/** Of a run of scrapes without the series only the first leaves a sample, the staleness marker. */
function keptSample(value: number, index: number, all: readonly number[]): boolean {
  return !Number.isNaN(value) || (index > 0 && !Number.isNaN(all[index - 1]));
}

function seriesNumber(index: number): ServedSeries {
  const odd = ['plain', 'with space', 'quote"', 'back\\slash', 'line\nfeed', 'ünïcode 🎉', ''];
  const labels = new Map([
    ['__name__', 'recorded'],
    ['number', String(index)],
    ['odd', odd[index % odd.length] ?? ''],
  ]);
  const text = [...labels]
    .filter(([name]) => name !== '__name__')
    .map(([name, value]) => `${name}="${escapeLabel(value)}"`)
    .join(',');
  return { text: `recorded{${text}}`, key: keyOf(labels) };
}

function escapeLabel(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

/** Labels of the exposition alone, sorted; an empty label is no label. */
function keyOf(labels: ReadonlyMap<string, string>): string {
  const own = [...labels].filter(
    ([name, value]) => name !== 'job' && name !== 'instance' && value !== '',
  );
  return JSON.stringify(own.sort(([a], [b]) => (a < b ? -1 : 1)));
}

function parseValue(text: string): number {
  return text === '+Inf' ? Infinity : text === '-Inf' ? -Infinity : Number(text);
}
