import { describe, expect, test } from '@jest/globals';
import { say } from '../../api/index.ts';
import {
  FakeLedgerFile,
  makeCollector,
  nodeTarget,
  serverTarget,
  testSettings,
} from './collector-fixture.ts';

const interval = testSettings.scrapeIntervalMs;

describe('scraping', () => {
  test('begins at once and goes on at ticks that never drift', async () => {
    const { clock, store, fetcher, collector, start } = await makeCollector();
    const startMs = clock.nowMs();
    fetcher.answers.set(8067, 'a 1\n');
    await start(serverTarget);
    expect(store.samples('a')).toEqual([{ timeMs: startMs, value: 1 }]);
    expect(collector.summary()).toMatchObject({ up: 1, total: 1, newestSampleMs: startMs });
    await clock.advance(40 * interval);
    const times = store.samples('a').map(({ timeMs }) => timeMs);
    expect(times.length).toBe(41);
    const steps = times.slice(2).map((timeMs, at) => timeMs - times[at + 1]!);
    expect(new Set(steps)).toEqual(new Set([interval]));
    await collector.stop();
    expect(clock.pendingTimers).toBe(0);
  });

  test('knows from when on samples may still come in', async () => {
    const { clock, fetcher, collector, start } = await makeCollector();
    fetcher.answers.set(8067, { afterMs: 4000, body: 'a 1\n' });
    const startMs = clock.nowMs();
    await start(serverTarget);
    await clock.advance(3000);
    expect(collector.settledMs()).toBe(startMs);
    await clock.advance(1000);
    // A tick that is due may be a little late.
    expect(collector.settledMs()).toBe(startMs + 4000 - 50);
    await collector.stop();
  });

  test('keeps its rhythm over a restart', async () => {
    const phases: number[] = [];
    for (const startMs of [1_700_000_000_000, 1_700_000_004_321]) {
      const { clock, store, fetcher, collector, start } = await makeCollector(undefined, startMs);
      fetcher.answers.set(8067, 'a 1\n');
      await start(serverTarget);
      await clock.advance(2 * interval);
      phases.push(store.samples('a').at(-1)!.timeMs % interval);
      await collector.stop();
    }
    expect(phases[0]).toBe(phases[1]);
  });

  test('writes a report about every scrape, with the target’s labels', async () => {
    const { store, fetcher, collector, start } = await makeCollector();
    fetcher.answers.set(8067, 'a 1\nb{job="mine"} 2\nb{job="mine"} 3\n');
    await start(serverTarget);
    expect(store.keys().sort()).toEqual([
      'a{instance=mm1:8067,job=prometheus}',
      'b{instance=mm1:8067,job=mine}',
      'scrape_duration_seconds{instance=mm1:8067,job=prometheus}',
      'scrape_samples_post_metric_relabeling{instance=mm1:8067,job=prometheus}',
      'scrape_samples_scraped{instance=mm1:8067,job=prometheus}',
      'scrape_series_added{instance=mm1:8067,job=prometheus}',
      'up{instance=mm1:8067,job=prometheus}',
    ]);
    expect(store.values('up')).toEqual([1]);
    expect(store.values('scrape_duration_seconds')).toEqual([0]);
    expect(store.values('scrape_samples_scraped')).toEqual([3]);
    expect(store.values('scrape_samples_post_metric_relabeling')).toEqual([3]);
    expect(store.values('scrape_series_added')).toEqual([2]);
    expect(store.values('b')).toEqual([2]);
    expect(collector.summary().duplicateLines).toBe(1);
    expect(collector.targets()).toMatchObject([
      {
        job: 'prometheus',
        instance: 'mm1:8067',
        url: 'http://127.0.0.1:8067/metrics',
        labels: { job: 'prometheus', instance: 'mm1:8067' },
        state: 'up',
        lastSamples: 2,
        lastDurationMs: 0,
        lastError: null,
        gaps: [],
      },
    ]);
    await collector.stop();
  });

  test('says up of its own also when the body says otherwise', async () => {
    const { store, fetcher, collector, start } = await makeCollector();
    fetcher.answers.set(8067, 'up 0\n');
    await start(serverTarget);
    expect(store.values('up')).toEqual([1]);
    await collector.stop();
  });

  test('leaves ticks out while a scrape is slow, and never runs two', async () => {
    const { clock, fetcher, store, collector, ledger, start } = await makeCollector();
    fetcher.answers.set(8067, 'a 1\n');
    await start(serverTarget);
    fetcher.answers.set(8067, { afterMs: 2.5 * interval, body: 'a 2\n' });
    await clock.advance(10 * interval);
    expect(fetcher.mostUnderWay).toBe(1);
    expect(store.samples('a').length).toBeLessThanOrEqual(5);
    expect(ledger.between(0, Infinity)[0]).toMatchObject({
      reason: 'SCRAPE_LATE',
      missedScrapes: 2,
    });
    await collector.stop();
  });

  test('ends the series that vanish from a body', async () => {
    const { clock, fetcher, store, collector, start } = await makeCollector();
    fetcher.answers.set(8067, 'a 1\nb 1\n');
    await start(serverTarget);
    fetcher.answers.set(8067, 'a 1\n');
    await clock.advance(2 * interval);
    expect(store.values('b')).toEqual([1, 'stale']);
    expect(store.values('a')).toEqual([1, 1, 1]);
    await collector.stop();
  });
});

describe('a failed scrape', () => {
  test('ends all series once, says up 0 and leaves one gap with its reason', async () => {
    const { clock, fetcher, store, collector, start } = await makeCollector();
    fetcher.answers.set(8067, 'a 1\nb 1\n');
    await start(serverTarget);
    fetcher.answers.set(8067, { code: 'SCRAPE_REFUSED' });
    await clock.advance(3 * interval);
    expect(store.values('a')).toEqual([1, 'stale']);
    expect(store.values('up')).toEqual([1, 0, 0, 0]);
    const [target] = collector.targets();
    expect(target).toMatchObject({
      state: 'down',
      lastError: { code: 'SCRAPE_REFUSED' },
      gaps: [{ reason: 'SCRAPE_REFUSED', missedScrapes: 3, toMs: null }],
    });
    expect(target?.recent.map(({ isUp }) => isUp)).toEqual([true, false, false, false]);
    expect(target?.recent.at(-1)?.atMs).toBe(target?.lastScrapeMs);
    expect(collector.problems()).toMatchObject([
      {
        code: 'SCRAPE_REFUSED',
        severity: 'error',
        message: expect.stringContaining('mm1:8067'),
        advice: expect.stringContaining('Listen Address'),
      },
    ]);
    fetcher.answers.set(8067, 'a 5\nb 1\n');
    await clock.advance(interval);
    expect(store.values('a')).toEqual([1, 'stale', 5]);
    expect(store.values('up').at(-1)).toBe(1);
    expect(collector.problems()).toEqual([]);
    const [gap] = collector.targets()[0]!.gaps;
    expect(gap!.toMs! - gap!.fromMs).toBe(3 * interval);
    await collector.stop();
  });

  test('stores nothing of a body that is wrong in one line, and names the line', async () => {
    const { clock, fetcher, store, collector, start } = await makeCollector();
    fetcher.answers.set(8067, 'a 1\n');
    await start(serverTarget);
    fetcher.answers.set(8067, 'a 2\nb 1\nc 1e400\n');
    await clock.advance(interval);
    expect(store.values('a')).toEqual([1, 'stale']);
    expect(store.values('b')).toEqual([]);
    expect(collector.targets()[0]!.lastError).toMatchObject({
      code: 'SCRAPE_PARSE',
      message: 'The answer cannot be read: line 3: the value does not fit into 64 bits: "c 1e400"',
      detail: '',
    });
    await collector.stop();
  });

  test('is caused by more samples than allowed, and by a store without room for its report', async () => {
    const { clock, fetcher, store, collector, start } = await makeCollector();
    fetcher.answers.set(8067, 'a 1\nb 1\n');
    await start(serverTarget);
    collector.applySettings({ ...testSettings, sampleLimit: 1 });
    await clock.advance(interval);
    expect(collector.targets()[0]!.lastError?.code).toBe('SCRAPE_SAMPLE_LIMIT');
    expect(store.values('up').slice(-1)).toEqual([0]);
    await collector.stop();
    const full = await makeCollector();
    full.store.maxSeries = 0;
    full.fetcher.answers.set(8067, 'a 1\n');
    await full.start(serverTarget);
    expect(full.collector.targets()[0]!.lastError?.code).toBe('SCRAPE_SERIES_LIMIT');
    await full.collector.stop();
  });

  test('with a full disk is remembered in memory, and collecting resumes by itself', async () => {
    const { clock, fetcher, store, collector, ledger, file, start } = await makeCollector();
    fetcher.answers.set(8067, 'a 1\n');
    await start(serverTarget);
    store.failure = 'TSDB_DISK_FULL';
    file.isFull = true;
    await clock.advance(2 * interval);
    expect(collector.problems().map(({ code }) => code)).toEqual([
      'SCRAPE_DISK_FULL',
      'GAP_LEDGER_NOT_SAVED',
    ]);
    store.failure = undefined;
    file.isFull = false;
    await clock.advance(2 * interval);
    expect(store.values('a')).toEqual([1, 1, 1]);
    expect(collector.problems()).toEqual([]);
    await collector.stop();
    await ledger.close();
    expect(file.text).toContain('"reason":"SCRAPE_DISK_FULL"');
  });
});

describe('the store forgets series', () => {
  test('and they are resolved once more in the same scrape', async () => {
    const { clock, fetcher, store, collector, start } = await makeCollector();
    fetcher.answers.set(8067, 'a 1\n');
    await start(serverTarget);
    store.forgetSeries();
    await clock.advance(interval);
    expect(store.values('a')).toEqual([1, 1]);
    expect(store.values('up')).toEqual([1, 1]);
    store.forgetSeries();
    fetcher.answers.set(8067, { code: 'SCRAPE_TIMEOUT' });
    await clock.advance(interval);
    expect(store.values('up')).toEqual([1, 1, 0]);
    await collector.stop();
  });
});

describe('targets and settings change', () => {
  test('a removed target ends its series, the report’s included; a stop does not', async () => {
    const { clock, fetcher, store, collector, start } = await makeCollector();
    fetcher.answers.set(8067, 'a 1\n');
    fetcher.answers.set(9100, 'n 1\n');
    await start(serverTarget, nodeTarget);
    collector.applyTargets({ targets: [serverTarget], problems: [] });
    await clock.advance(0);
    expect(store.values('n')).toEqual([1, 'stale']);
    expect(store.values('up')).toEqual([1, 1, 'stale']);
    await collector.stop();
    expect(store.values('a')).toEqual([1]);
    expect(clock.pendingTimers).toBe(0);
  });

  test('the same targets go on undisturbed; a changed one begins anew', async () => {
    const { clock, fetcher, store, collector, start } = await makeCollector();
    fetcher.answers.set(8067, 'a 1\n');
    fetcher.answers.set(8068, 'a 2\n');
    await start(serverTarget);
    collector.applyTargets({ targets: [{ ...serverTarget }], problems: [] });
    await clock.advance(5);
    expect(fetcher.times).toHaveLength(1);
    collector.applyTargets({ targets: [{ ...serverTarget, port: 8068 }], problems: [] });
    await clock.advance(0);
    expect(store.values('a')).toEqual([1, 2]);
    await collector.stop();
  });

  test('a target that cannot be scraped is down with its reason', async () => {
    const { store, fetcher, collector } = await makeCollector();
    const blocked = { code: 'METRICS_DISABLED', sentence: say('metrics.disabled') };
    const problem = {
      code: 'METRICS_DISABLED',
      severity: 'error',
      message: '',
      advice: '',
    } as const;
    collector.start({ targets: [{ ...serverTarget, blocked }], problems: [problem] }, testSettings);
    await new Promise((resolve) => setImmediate(resolve));
    expect(fetcher.times).toEqual([]);
    expect(store.values('up')).toEqual([0]);
    expect(collector.targets()[0]).toMatchObject({
      state: 'down',
      lastError: { code: 'METRICS_DISABLED' },
      gaps: [{ reason: 'METRICS_DISABLED' }],
    });
    expect(collector.problems()).toEqual([problem]);
    await collector.stop();
  });

  test('an optional target that was never there is no problem until it has been', async () => {
    const { clock, fetcher, store, collector, start } = await makeCollector();
    await start(nodeTarget);
    await clock.advance(4 * interval);
    expect(collector.targets()[0]).toMatchObject({
      state: 'absent',
      lastError: { code: 'TARGET_ABSENT' },
      gaps: [],
    });
    expect(collector.problems()).toEqual([]);
    expect(collector.summary()).toMatchObject({ up: 0, total: 0 });
    expect(store.keys()).toEqual([]);
    expect(fetcher.times.length).toBeLessThanOrEqual(3);
    fetcher.answers.set(9100, 'n 1\n');
    await clock.advance(60_000);
    expect(collector.summary()).toMatchObject({ up: 1, total: 1 });
    fetcher.answers.delete(9100);
    await clock.advance(interval);
    expect(collector.problems()).toMatchObject([{ code: 'SCRAPE_REFUSED' }]);
    await collector.stop();
  });

  test('a new interval counts from now on', async () => {
    const { clock, fetcher, store, collector, start } = await makeCollector();
    fetcher.answers.set(8067, 'a 1\n');
    await start(serverTarget);
    collector.applySettings({ ...testSettings, scrapeIntervalMs: 1000, scrapeTimeoutMs: 900 });
    await clock.advance(10_000);
    expect(store.samples('a')).toHaveLength(11);
    await collector.stop();
  });

  test('labels that are no longer honoured end the series that had them', async () => {
    const { clock, fetcher, store, collector, start } = await makeCollector();
    fetcher.answers.set(8067, 'a{job="mine"} 1\n');
    await start(serverTarget);
    collector.applySettings({ ...testSettings, honorLabels: false });
    await clock.advance(interval);
    expect(store.values('a{instance=mm1:8067,job=mine}')).toEqual([1, 'stale']);
    expect(store.values('a{exported_job=mine,instance=mm1:8067,job=prometheus}')).toEqual([1]);
    await collector.stop();
  });
});

describe('the wall clock', () => {
  test('steps an hour forward: the ticks go on from there and the hole has a reason', async () => {
    const { clock, fetcher, store, collector, ledger, start } = await makeCollector();
    fetcher.answers.set(8067, 'a 1\n');
    await start(serverTarget);
    await clock.advance(interval);
    clock.stepWall(3_600_000);
    await clock.advance(3 * interval);
    const times = store.samples('a').map(({ timeMs }) => timeMs);
    expect(times.length).toBeGreaterThanOrEqual(4);
    expect(times.at(-1)! - times.at(-2)!).toBe(interval);
    expect(ledger.between(0, Infinity)).toMatchObject([{ reason: 'CLOCK_FORWARDS' }]);
    await collector.stop();
  });

  test('steps an hour back: nothing is damaged, the gap says why, and collecting resumes', async () => {
    const { clock, fetcher, store, collector, start } = await makeCollector();
    fetcher.answers.set(8067, 'a 1\n');
    await start(serverTarget);
    await clock.advance(interval);
    const before = store.samples('a').length;
    const { commits } = store;
    clock.stepWall(-3_600_000);
    await clock.advance(10 * interval);
    expect(store.samples('a')).toHaveLength(before);
    // The store would refuse it, and what is known of the target must not go back in time either.
    expect(store.commits).toBe(commits);
    expect(collector.summary().newestSampleMs).toBe(store.newestSampleMs());
    expect(collector.problems()).toMatchObject([{ code: 'SCRAPE_CLOCK_BACKWARDS' }]);
    await clock.advance(3_600_000);
    expect(collector.summary()).toMatchObject({ up: 1 });
    expect(collector.targets()[0]!.gaps).toMatchObject([{ reason: 'SCRAPE_CLOCK_BACKWARDS' }]);
    const times = store.samples('a').map(({ timeMs }) => timeMs);
    expect(times).toEqual([...times].sort((a, b) => a - b));
    await collector.stop();
  });
});

test('a stop in mid-scrape ends at once and blames nobody', async () => {
  const { fetcher, clock, store, collector, ledger, start } = await makeCollector();
  fetcher.answers.set(8067, { afterMs: 9000, body: 'a 1\n' });
  await start(serverTarget);
  await collector.stop();
  expect(ledger.between(0, Infinity)).toEqual([]);
  expect(store.keys()).toEqual([]);
  expect(clock.pendingTimers).toBe(0);
});

test('the time between two runs is a gap of its own', async () => {
  const file = new FakeLedgerFile();
  const first = await makeCollector(file);
  first.fetcher.answers.set(8067, 'a 1\n');
  await first.start(serverTarget);
  await first.collector.stop();
  await first.ledger.close();
  const startMs = first.clock.nowMs() + 600_000;
  const second = await makeCollector(file, startMs);
  second.fetcher.answers.set(8067, 'a 1\n');
  await second.start(serverTarget);
  expect(second.ledger.between(0, Infinity)).toMatchObject([
    { reason: 'COLLECTOR_STOPPED', fromMs: startMs - 600_000, toMs: startMs, missedScrapes: 39 },
  ]);
  await second.collector.stop();
});
