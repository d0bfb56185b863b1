import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { readNaively } from '../../lib/exposition/naive-twin-fixture.ts';
import { FakeClock, silentLogger } from '../../lib/runtime/index.ts';
import { startExporter, type Exporter, type ExporterFault } from '../../test/host/exporter.ts';
import { FakeLedgerFile, testSettings } from './collector-fixture.ts';
import { Collector } from './collector.ts';
import { ScrapeClient, type BodyFetcher, type ScrapeRequest } from './fetch/scrape-http.ts';
import { GapLedger } from './gaps/gap-ledger.ts';
import { FakeStore } from './sample-store-fixture.ts';
import type { ScrapeTarget } from './target.ts';

const settings = { ...testSettings, bodySizeLimitBytes: 2 * 1024 * 1024 };

let clock: FakeClock;
let store: FakeStore;
let ledger: GapLedger;
let client: ScrapeClient;
let fetcher: WatchedFetcher;
let collector: Collector;
let sick: Exporter;
let sound: Exporter;

beforeEach(async () => {
  clock = new FakeClock();
  store = new FakeStore();
  ledger = await GapLedger.open({ file: new FakeLedgerFile(), clock });
  client = new ScrapeClient({ clock, version: '0.8.0' });
  fetcher = new WatchedFetcher();
  collector = new Collector({ clock, logger: silentLogger, store, ledger, fetcher });
  sick = await startExporter({ profile: 'small', stepSeconds: 15, recordBodies: 20, trickleMs: 1 });
  sound = await startExporter({ profile: 'small', stepSeconds: 15 });
  collector.start(
    { targets: [targetOf('sick', sick), targetOf('sound', sound)], problems: [] },
    settings,
  );
  await settled(2);
});

afterEach(async () => {
  await collector.stop();
  client.close();
  await Promise.all([sick.close(), sound.close()]);
  await ledger.close();
});

function targetOf(job: string, { port }: Exporter): ScrapeTarget {
  return { job, instance: job, host: '127.0.0.1', port, path: '/metrics', isOptional: false };
}

/** Waits for real answers until so many scrapes are through. */
async function settled(scrapes: number): Promise<void> {
  while (collector.summary().scrapes < scrapes) {
    await turn();
  }
}

/** Knows the ports whose answers have not ended. */
class WatchedFetcher implements BodyFetcher {
  readonly underWay = new Set<number>();

  async fetch(request: ScrapeRequest): Promise<void> {
    this.underWay.add(request.port);
    try {
      await client.fetch(request);
    } finally {
      this.underWay.delete(request.port);
    }
  }
}

/** Lets time pass until both targets were scraped, never faster than real answers come. */
async function scrapeOnce(): Promise<void> {
  const before = collector.targets().map(({ lastScrapeMs }) => lastScrapeMs);
  const isWaiting = () =>
    collector.targets().some(({ lastScrapeMs }, at) => lastScrapeMs === before[at]);
  while (isWaiting()) {
    await clock.advance(500);
    const isSilent = fault === 'hang' || fault === 'trickle';
    while ([...fetcher.underWay].some((port) => !isSilent || port !== sick.port)) await turn();
    // What came is parsed in turns of its own.
    for (let turns = 0; turns < 20; turns++) await turn();
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

let fault: ExporterFault = 'none';

test.each<[ExporterFault, string]>([
  ['404', 'SCRAPE_HTTP_404'],
  ['503', 'SCRAPE_HTTP_503'],
  ['refuse', 'SCRAPE_REFUSED'],
  ['hang', 'SCRAPE_TIMEOUT'],
  ['trickle', 'SCRAPE_TIMEOUT'],
  ['cut', 'SCRAPE_TRUNCATED'],
  ['cut-chunked', 'SCRAPE_TRUNCATED'],
  ['huge', 'SCRAPE_BODY_LIMIT'],
  ['gzip-bomb', 'SCRAPE_BODY_LIMIT'],
  ['crlf', 'SCRAPE_PARSE'],
  ['overflow', 'SCRAPE_PARSE'],
  ['unknown-type', 'SCRAPE_PARSE'],
  ['noise', 'SCRAPE_PARSE'],
])('an exporter with the fault %s fails with %s, and nothing else does', async (kind, code) => {
  fault = kind;
  await sick.setFault(kind);
  const series = 'go_goroutines{instance=sick,job=sick}';
  const before = store.values(series).length;
  await scrapeOnce();
  const [sickTarget, soundTarget] = collector.targets();
  expect(sickTarget).toMatchObject({ state: 'down', lastError: { code } });
  expect(sickTarget?.gaps).toMatchObject([{ reason: code, toMs: null }]);
  expect(sickTarget?.lastError?.message.length).toBeLessThan(220);
  if (code === 'SCRAPE_PARSE') expect(sickTarget?.lastError?.message).toMatch(/line \d+: /);
  expect(store.values(series).slice(before)).toEqual(['stale']);
  expect(store.values('up{instance=sick,job=sick}').at(-1)).toBe(0);
  expect(store.values('go_goroutines{instance=sound,job=sound}')).not.toContain('stale');
  expect(soundTarget).toMatchObject({ state: 'up', gaps: [] });

  fault = 'none';
  await sick.setFault('none');
  await scrapeOnce();
  expect(collector.summary()).toMatchObject({ up: 2, total: 2 });
  expect(collector.problems()).toEqual([]);
});

test('of duplicate series the first wins and the others are counted', async () => {
  await sick.setFault('duplicate');
  await scrapeOnce();
  expect(collector.summary()).toMatchObject({ up: 2, duplicateLines: 1 });
});

test('what is stored is what was served, sample for sample', async () => {
  await sick.setFault('nan');
  for (const change of ['addHandler', 'restart', 'removeHandler', 'addHandler'] as const) {
    sick[change]();
    await scrapeOnce();
  }
  const served = sick.served();
  expect(served).toHaveLength(5);
  const expected = new Map<string, (string | number)[]>();
  for (const [round, { body }] of served.entries()) {
    for (const { key, bits } of readNaively(body.toString())) {
      const values = expected.get(key) ?? [];
      values[round] = bits;
      expected.set(key, values);
    }
  }
  const stored = storedBits(served.length);
  for (const [key, values] of expected) {
    // Where a series was not served, it either did not exist yet or got a staleness marker.
    for (let round = 0; round < served.length; round++) {
      const found = stored.get(key)?.[round];
      const wanted = values[round] ?? (values[round - 1] === undefined ? undefined : 'stale');
      expect([key, round, found]).toEqual([key, round, wanted]);
    }
  }
  expect(stored.size).toBe(expected.size + 5);
});

/** Values by series as a naive reader names them, one per scrape. */
function storedBits(scrapes: number): Map<string, (string | undefined)[]> {
  const times = store.samples('up{instance=sick,job=sick}').map(({ timeMs }) => timeMs);
  expect(times).toHaveLength(scrapes);
  const series = new Map<string, (string | undefined)[]>();
  for (const key of store.keys().filter((name) => name.includes('job=sick'))) {
    const values: (string | undefined)[] = [];
    for (const { timeMs, value } of store.samples(key)) {
      values[times.indexOf(timeMs)] = value === 'stale' ? value : bitsOf(value);
    }
    series.set(naiveKey(key), values);
  }
  return series;
}

/** `name{a=b,instance=…,job=…}` as the naive reader would have named the exposed series. */
function naiveKey(key: string): string {
  const name = key.slice(0, key.indexOf('{'));
  const labels = key.slice(name.length + 1, -1).split(',');
  const exposed = labels.filter((label) => label !== 'instance=sick' && label !== 'job=sick');
  return [`__name__=${name}`, ...exposed].sort().join('\u0001');
}

function bitsOf(value: number): string {
  if (Number.isNaN(value)) return '7ff8000000000001';
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  return view.getBigUint64(0).toString(16).padStart(16, '0');
}
