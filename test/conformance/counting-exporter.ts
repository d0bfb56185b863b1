import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a scrape was given. */
export interface CountedScrape {
  /** The value of {@link countedMetric}. */
  number: number;
  atMs: number;
}

/** Counts the scrapes of its exporter: which of them are stored shows which are lost. */
export const countedMetric = 'bed_scrapes_total';

const seriesCount = 200;

/** A node's metrics on an address of its own, which numbers its scrapes and remembers when they were. */
export class CountingExporter {
  readonly scrapes: CountedScrape[] = [];
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => {
      if (request.url !== '/metrics') {
        response.writeHead(404).end();
        return;
      }
      const number = this.scrapes.length + 1;
      this.scrapes.push({ number, atMs: Date.now() });
      response.setHeader('content-type', 'text/plain; version=0.0.4; charset=utf-8');
      response.end(exposition(number));
    });
  }

  static async start(address: string, port: number): Promise<CountingExporter> {
    const exporter = new CountingExporter();
    await new Promise<void>((resolve, reject) => {
      exporter.#server.once('error', reject);
      exporter.#server.listen(port, address, resolve);
    });
    return exporter;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** The first scrape at or after `sinceMs`, if there was one. */
  firstSince(sinceMs: number): CountedScrape | undefined {
    return this.scrapes.find(({ atMs }) => atMs >= sinceMs);
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

function exposition(number: number): string {
  const lines = [`# TYPE ${countedMetric} counter`, `${countedMetric} ${number}`];
  lines.push('# TYPE bed_gauge gauge');
  for (let at = 0; at < seriesCount; at++) lines.push(`bed_gauge{at="${at}"} ${at * number}`);
  return `${lines.join('\n')}\n`;
}
