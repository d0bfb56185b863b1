import { say } from '../../api/index.ts';
import { FakeClock, silentLogger } from '../../lib/runtime/index.ts';
import type { CollectSettings } from './collect-settings.ts';
import { Collector, type CollectorOptions } from './collector.ts';
import { ScrapeError } from './errors.ts';
import type { BodyFetcher, ScrapeRequest } from './fetch/scrape-http.ts';
import type { LedgerFile } from './gaps/gap-file.ts';
import { GapLedger } from './gaps/gap-ledger.ts';
import { MetadataBook } from './metadata/metric-metadata.ts';
import { FakeStore } from './sample-store-fixture.ts';
import type { ScrapeTarget } from './target.ts';

/** What a target answers: a body, an error code, or nothing before the time is over. */
export type Answer =
  | string
  | Uint8Array
  | { code: string }
  | { afterMs: number; body: string }
  | { contentType: string; body: string };

/** Answers scrapes from a script, by port. */
export class FakeFetcher implements BodyFetcher {
  readonly #clock: FakeClock;
  /** Asked for each body when there is no answer for its port. */
  generate: ((port: number, timeMs: number) => string | Uint8Array | undefined) | undefined;
  readonly answers = new Map<number, Answer>();
  readonly times: number[] = [];
  underWay = 0;
  mostUnderWay = 0;

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  async fetch(request: ScrapeRequest): Promise<void> {
    this.times.push(this.#clock.nowMs());
    this.underWay++;
    this.mostUnderWay = Math.max(this.mostUnderWay, this.underWay);
    try {
      await this.#answer(request);
    } finally {
      this.underWay--;
    }
  }

  async #answer(request: ScrapeRequest): Promise<void> {
    const answer = this.answers.get(request.port) ??
      this.generate?.(request.port, this.#clock.nowMs()) ?? { code: 'SCRAPE_REFUSED' };
    request.into.reset(request.bodyLimitBytes);
    if (typeof answer === 'string') {
      request.into.append(Buffer.from(answer));
    } else if (answer instanceof Uint8Array) {
      request.into.append(answer);
    } else if ('contentType' in answer) {
      request.into.contentType = answer.contentType;
      request.into.append(Buffer.from(answer.body));
    } else if ('code' in answer) {
      throw new ScrapeError(
        answer.code as 'SCRAPE_REFUSED',
        say('scrape.unread.code', { code: answer.code }),
      );
    } else {
      await this.#wait(answer.afterMs, request.signal);
      request.into.append(Buffer.from(answer.body));
    }
  }

  #wait(delayMs: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = this.#clock.setTimer(delayMs, resolve);
      signal.addEventListener('abort', () => {
        timer.cancel();
        reject(new ScrapeError('SCRAPE_STOPPED', say('scrape.stopped')));
      });
    });
  }
}

/** A ledger file in memory that can be full. */
export class FakeLedgerFile implements LedgerFile {
  text = '';
  isFull = false;
  writes = 0;

  async read(): Promise<string> {
    return this.text;
  }

  async append(text: string): Promise<void> {
    this.#write();
    this.text += text;
  }

  async replace(text: string): Promise<void> {
    this.#write();
    this.text = text;
  }

  #write(): void {
    this.writes++;
    if (this.isFull) throw Object.assign(new Error('no space left'), { code: 'ENOSPC' });
  }
}

export const serverTarget: ScrapeTarget = {
  job: 'prometheus',
  instance: 'mm1:8067',
  host: '127.0.0.1',
  port: 8067,
  path: '/metrics',
  isOptional: false,
};

export const nodeTarget: ScrapeTarget = {
  job: 'node',
  instance: 'mm1:9100',
  host: '127.0.0.1',
  port: 9100,
  path: '/metrics',
  isOptional: true,
};

export const testSettings: CollectSettings = {
  scrapeIntervalMs: 15_000,
  scrapeTimeoutMs: 10_000,
  bodySizeLimitBytes: 1024 * 1024,
  sampleLimit: 0,
  labelLimit: 0,
  labelNameLengthLimit: 0,
  labelValueLengthLimit: 0,
  metricGrowthLimit: 0,
  dropRules: [],
  honorTimestamps: false,
  honorLabels: true,
};

/** A collector with everything around it under the test's control. */
export async function makeCollector(
  file = new FakeLedgerFile(),
  startMs?: number,
  options: Pick<CollectorOptions, 'memory'> = {},
) {
  const clock = new FakeClock(startMs);
  const store = new FakeStore();
  const fetcher = new FakeFetcher(clock);
  const ledger = await GapLedger.open({ file, clock });
  const metadata = await MetadataBook.open({
    file: new FakeLedgerFile(),
    clock,
    logger: silentLogger,
  });
  const collector = new Collector({
    ...options,
    metadata,
    clock,
    logger: silentLogger,
    store,
    ledger,
    fetcher,
    yieldTurn: () => Promise.resolve(),
  });
  const start = (...targets: ScrapeTarget[]) => {
    collector.start({ targets, problems: [] }, testSettings);
    return clock.advance(0);
  };
  return { clock, store, fetcher, ledger, file, metadata, collector, start };
}
