import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as immediate } from 'node:timers/promises';
import { systemClock, systemRng, type Clock } from '../../lib/runtime/index.ts';
import { inlineThread, Store, type StoreThread } from '../../lib/tsdb/index.ts';
import { BodyBuffer } from '../../server/collect/slots/body-buffer.ts';
import type { BodyFetcher, CollectSettings } from '../../server/collect/index.ts';
import type { ScrapeSlot } from '../../server/collect/slots/scrape-slots.ts';
import { TargetSeries } from '../../server/collect/ingest/target-series.ts';
import { parseSettings } from '../../server/settings/index.ts';

/** Start of a two-hour range. */
export const startMs = 1_699_999_200_000;

/** Wall time as the measure says; durations and timers are real. */
export class SetClock implements Clock {
  timeMs = startMs;

  nowMs(): number {
    return this.timeMs;
  }

  monotonicMs(): number {
    return systemClock.monotonicMs();
  }

  setTimer(delayMs: number, run: () => void) {
    return systemClock.setTimer(delayMs, run);
  }
}

/** What applies when nobody sets anything; bodies here may be as long as they like. */
export const collectSettings: CollectSettings = {
  ...parseSettings({}).settings,
  bodySizeLimitBytes: 64 * 1024 * 1024,
};

/** A store in a temporary directory that is fed with bodies as a scrape loop does, HTTP apart. */
export class FedStore {
  readonly clock = new SetClock();
  readonly dir: string;
  readonly store: Store;
  readonly #slot: ScrapeSlot;

  private constructor(dir: string, store: Store, clock: SetClock) {
    this.dir = dir;
    this.store = store;
    this.clock = clock;
    this.#slot = { body: new BodyBuffer(), batch: store.newBatch() };
  }

  static async open(
    thread: StoreThread = inlineThread(),
    dir = mkdtempSync(join(tmpdir(), 'metrics-bench-')),
    clock = new SetClock(),
  ): Promise<FedStore> {
    const store = await Store.open({ dir, clock, rng: systemRng, thread });
    return new FedStore(dir, store, clock);
  }

  /** A target whose series carry their own `instance`. */
  target(index = 0): TargetSeries {
    const target = {
      job: 'bench',
      instance: `app-${String(index)}:8067`,
      host: '127.0.0.1',
      port: 8067,
      path: '/metrics',
      isOptional: false,
    };
    const { store, clock } = this;
    return new TargetSeries(target, collectSettings, {
      store,
      clock,
      yieldTurn: () => immediate(),
    });
  }

  /** Stores a body as scraped at `timeMs`; gives the samples and the CPU time of the process in ns. */
  async feed(
    target: TargetSeries,
    body: Uint8Array,
    timeMs: number,
  ): Promise<{ samples: number; cpuNs: number }> {
    const slot = this.#slot;
    this.clock.timeMs = timeMs;
    // The copy stands for what the HTTP client does; it is not part of the measure.
    slot.body.reset(collectSettings.bodySizeLimitBytes);
    slot.body.append(body);
    const { signal } = new AbortController();
    const time = { timeMs, startedMs: this.clock.monotonicMs() };
    const before = process.cpuUsage();
    const { samples } = await target.ingest(slot, time, signal);
    const { user, system } = process.cpuUsage(before);
    return { samples, cpuNs: (user + system) * 1000 };
  }

  /** Fetches a body over HTTP and stores it; gives the samples. */
  async scrape(target: TargetSeries, client: BodyFetcher, port: number, timeMs: number) {
    const slot = this.#slot;
    this.clock.timeMs = timeMs;
    const { signal } = new AbortController();
    const time = { timeMs, startedMs: this.clock.monotonicMs() };
    const { scrapeTimeoutMs: timeoutMs, bodySizeLimitBytes: bodyLimitBytes } = collectSettings;
    const limits = { timeoutMs, bodyLimitBytes };
    const address = { host: '127.0.0.1', port, path: '/metrics' };
    await client.fetch({ ...address, ...limits, into: slot.body, signal });
    return (await target.ingest(slot, time, signal)).samples;
  }

  async close(): Promise<void> {
    await this.store.close();
    rmSync(this.dir, { recursive: true, force: true });
  }
}
