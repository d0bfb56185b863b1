import { describe, expect, test } from '@jest/globals';
import { FakeClock, seededRng, systemClock } from '../../lib/runtime/index.ts';
import { parseSettings } from '../settings/index.ts';
import { makeCollector, nodeTarget, serverTarget, testSettings } from './collector-fixture.ts';
import { SeriesGrowth } from './ingest/series-growth.ts';
import { FakeStore } from './sample-store-fixture.ts';

const interval = 15_000;
const hour = 3_600_000;

/** Lines of one metric with label values `[from, to)`. */
function lines(metric: string, from: number, to: number): string {
  let text = '';
  for (let at = from; at < to; at++) text += `${metric}{id="${String(at)}"} 1\n`;
  return text;
}

function rules(text: string) {
  return parseSettings({ DropRules: text }).settings.dropRules;
}

describe('drop rules', () => {
  test('keep series out, are counted, and take effect at once', async () => {
    const { clock, fetcher, store, collector, start } = await makeCollector();
    fetcher.answers.set(8067, 'go_x 1\nhttp{code="200"} 1\nhttp{code="500"} 2\n');
    await start(serverTarget);
    collector.applySettings({ ...testSettings, dropRules: rules('go_*\nhttp{code!="5*"}') });
    await clock.advance(interval);
    await clock.advance(interval);
    expect(store.values('go_x')).toEqual([1, 'stale']);
    expect(store.values('http{code=500')).toEqual([]);
    expect(store.values('http')).toEqual([1, 2, 'stale', 2, 2]);
    expect(store.values('scrape_samples_scraped').slice(-1)).toEqual([3]);
    expect(store.values('scrape_samples_post_metric_relabeling').slice(-1)).toEqual([1]);
    expect(collector.targets()[0]).toMatchObject({ lastSamples: 1, lastDropped: 2 });
    collector.applySettings(testSettings);
    await clock.advance(interval);
    expect(store.values('go_x').slice(-1)).toEqual([1]);
    await collector.stop();
  });

  test('see the labels of the target', async () => {
    const { clock, fetcher, store, collector } = await makeCollector();
    fetcher.answers.set(8067, 'a 1\n');
    fetcher.answers.set(9100, 'a 1\n');
    collector.start(
      { targets: [serverTarget, nodeTarget], problems: [] },
      { ...testSettings, dropRules: rules('{job="node"}') },
    );
    await clock.advance(0);
    expect(store.keys().filter((key) => key.startsWith('a{'))).toEqual([
      'a{instance=mm1:8067,job=prometheus}',
    ]);
    await collector.stop();
  });
});

describe('label limits', () => {
  async function fails(
    limits: Partial<typeof testSettings>,
    body: string,
    code: string | undefined,
  ) {
    const { clock, fetcher, store, collector, start } = await makeCollector();
    fetcher.answers.set(8067, body);
    await start(serverTarget);
    collector.applySettings({ ...testSettings, ...limits });
    await clock.advance(interval);
    expect(collector.targets()[0]!.lastError?.code).toBe(code);
    expect(store.values('up').slice(-1)).toEqual([code === undefined ? 1 : 0]);
    await collector.stop();
    return collector.targets()[0]!.lastError?.message;
  }

  test('count name and target labels, and fail the scrape one past the limit', async () => {
    await fails({ labelLimit: 4 }, 'a{b="1"} 1\n', undefined);
    expect(await fails({ labelLimit: 4 }, 'a{b="1",c="2"} 1\n', 'SCRAPE_LABEL_LIMIT')).toBe(
      'The series a has 5 labels, 4 are allowed (LabelLimit).',
    );
  });

  test('measure names and values in bytes', async () => {
    const name = { labelNameLengthLimit: 8 };
    await fails(name, `a{${'b'.repeat(8)}="1"} 1\n`, undefined);
    await fails(name, `a{${'b'.repeat(9)}="1"} 1\n`, 'SCRAPE_LABEL_NAME_LIMIT');
    await fails(name, '{"a","ééééé"="1"} 1\n', 'SCRAPE_LABEL_NAME_LIMIT');
    const value = { labelValueLengthLimit: 20 };
    await fails(value, `a{b="${'é'.repeat(10)}"} 1\n`, undefined);
    await fails(value, `a{b="${'é'.repeat(10)}x"} 1\n`, 'SCRAPE_LABEL_VALUE_LIMIT');
    await fails(value, `${'a'.repeat(21)} 1\n`, 'SCRAPE_LABEL_VALUE_LIMIT');
  });

  test('of one series are 128 labels at most', async () => {
    const pairs = (count: number) =>
      Array.from({ length: count }, (_, at) => `l${String(at)}="1"`).join(',');
    await fails({}, `a{${pairs(128)}} 1\n`, undefined);
    await fails({}, `a{${pairs(129)}} 1\n`, 'SCRAPE_LABEL_LIMIT');
  });
});

describe('growth', () => {
  const settings = { ...testSettings, metricGrowthLimit: 10 };

  test('of one metric is cut off, all else goes on, and the hour after it grows again', async () => {
    const { clock, fetcher, store, collector } = await makeCollector();
    fetcher.answers.set(8067, `calm 1\n${lines('wild', 0, 9)}`);
    collector.start({ targets: [serverTarget], problems: [] }, settings);
    await clock.advance(0);
    expect(collector.problems()).toEqual([]);
    expect(collector.cardinality().targets[0]).toMatchObject({ newSeries: 10, cutOffs: [] });
    fetcher.answers.set(8067, `calm 2\nnew 1\n${lines('wild', 0, 30)}`);
    await clock.advance(interval);
    expect(collector.cardinality().targets[0]).toMatchObject({
      instance: serverTarget.instance,
      cutOffs: [{ metric: 'wild', limit: 10 }],
    });
    const known = store.keys().filter((key) => key.startsWith('wild'));
    expect(known).toHaveLength(10);
    expect(store.values('calm').slice(-1)).toEqual([2]);
    expect(store.values('new')).toEqual([1]);
    expect(store.values('up').slice(-1)).toEqual([1]);
    expect(collector.problems()).toMatchObject([
      {
        code: 'SERIES_GROWTH',
        severity: 'warning',
        message: expect.stringMatching(
          /^The metric wild of mm1:8067 \(prometheus\) brought 10 new/,
        ),
      },
    ]);
    // What is known of the metric goes on.
    await clock.advance(interval);
    expect(store.samples(known[0]!).at(-1)!.value).toBe(1);
    await clock.advance(hour);
    expect(store.keys().filter((key) => key.startsWith('wild')).length).toBeGreaterThan(
      known.length,
    );
    await collector.stop();
  });

  test('of names that differ each scrape is cut off for the whole target', async () => {
    const { clock, fetcher, store, collector } = await makeCollector();
    let scrape = 0;
    fetcher.generate = (port) => {
      if (port !== 8067) return 'steady 1\n';
      scrape++;
      return Array.from({ length: 20 }, (_, at) => `m${String(scrape)}_${String(at)} 1\n`).join('');
    };
    collector.start({ targets: [serverTarget, nodeTarget], problems: [] }, settings);
    for (let at = 0; at < 239; at++) await clock.advance(interval);
    // 20 new ones an hour and those of the two reports: the first hour and the beginning of the next.
    expect(store.keys().length).toBeLessThanOrEqual(2 * 20 + 2 * 6);
    expect(store.values('steady')).toHaveLength(240);
    expect(collector.problems().map(({ message }) => message.slice(0, 34))).toEqual([
      'All metrics together of mm1:8067 (',
    ]);
    await collector.stop();
  });

  test('that never ends gets less every hour, and all of it after an hour of calm', async () => {
    const clock = new FakeClock();
    const store = new FakeStore();
    const growth = new SeriesGrowth(clock, store);
    growth.limit = 32;
    let series = 0;
    const hourOf = async (wanted: number) => {
      growth.turnPeriod();
      const before = store.seriesCount;
      for (let at = 0; at < wanted; at++) growth.admit(['__name__', 'm', 'x', String(series++)]);
      await clock.advance(hour);
      return store.seriesCount - before;
    };
    const grown: number[] = [];
    for (const wanted of [50, 50, 50, 50, 50, 50, 1, 50]) grown.push(await hourOf(wanted));
    expect(grown).toEqual([32, 16, 8, 4, 2, 2, 1, 32]);
  });

  test.each([1, 2, 7, 40])('is counted by metric as series come, limit %i', (limit) => {
    const seed = Number(process.env['SEED'] ?? systemClock.nowMs() % 1_000_000_007);
    const { u32 } = seededRng(seed);
    const growth = new SeriesGrowth(new FakeClock(), new FakeStore());
    growth.limit = limit;
    const created = new Map<string, number>();
    let all = 0;
    for (let at = 0; at < 4 * limit; at++) {
      const metric = `m${String(Math.min(u32() % 6, u32() % 6))}`;
      const isTaken = (created.get(metric) ?? 0) < limit && all < 2 * limit;
      const ref = growth.admit(['__name__', metric, 'x', String(at)]);
      expect([seed, at, ref >= 0]).toEqual([seed, at, isTaken]);
      if (!isTaken) continue;
      created.set(metric, (created.get(metric) ?? 0) + 1);
      all++;
      const over = [...created].filter(([, count]) => count >= limit).map(([name]) => name);
      const expected = all >= 2 * limit ? [...over, undefined] : over;
      const cutOffs = growth.cutOffs.map((cutOff) => cutOff.metric);
      expect([seed, new Set(cutOffs)]).toEqual([seed, new Set(expected)]);
    }
  });

  test('beyond what the store holds is left out and told, known series go on', async () => {
    const { clock, fetcher, store, collector, start } = await makeCollector();
    fetcher.answers.set(8067, 'a 1\n');
    await start(serverTarget);
    store.maxSeries = store.keys().length;
    fetcher.answers.set(8067, 'a 2\nb 1\n');
    await clock.advance(interval);
    expect(store.values('a')).toEqual([1, 2]);
    expect(store.values('b')).toEqual([]);
    expect(collector.problems().map(({ code, severity }) => [code, severity])).toEqual([
      ['SCRAPE_SERIES_LIMIT', 'error'],
    ]);
    store.maxSeries = Infinity;
    await clock.advance(hour);
    expect(store.values('b').length).toBeGreaterThan(0);
    expect(collector.problems()).toEqual([]);
    await collector.stop();
  });
});

describe('a full store', () => {
  test('has room for the report of a target that came too late', async () => {
    const { clock, fetcher, store, collector } = await makeCollector();
    store.maxSeries = 1000;
    const wild = Array.from({ length: 2000 }, (_, at) => `wild{at="${String(at)}"} 1\n`).join('');
    fetcher.answers.set(8067, wild);
    collector.start({ targets: [serverTarget], problems: [] }, testSettings);
    await clock.advance(0);
    expect(collector.targets()[0]).toMatchObject({ state: 'up', lastDropped: 1015 });
    fetcher.answers.set(9100, 'n 1\n');
    collector.applyTargets({ targets: [serverTarget, nodeTarget], problems: [] });
    await clock.advance(interval);
    expect(collector.targets().map(({ state }) => state)).toEqual(['up', 'up']);
    expect(store.samples('up').map(({ value }) => value)).toEqual([1, 1, 1, 1]);
    expect(store.values('n')).toEqual([]);
    expect(store.seriesCount).toBeLessThanOrEqual(1000);
    expect(collector.problems().map(({ code }) => code)).toEqual(['SCRAPE_SERIES_LIMIT']);
    await collector.stop();
  });

  test('takes the report of a target before what it exposes', async () => {
    const { clock, fetcher, store, collector } = await makeCollector();
    store.maxSeries = 20;
    fetcher.answers.set(8067, lines('wild', 0, 30));
    collector.start({ targets: [serverTarget], problems: [] }, testSettings);
    await clock.advance(0);
    expect(store.values('up')).toEqual([1]);
    expect(store.keys().filter((key) => key.startsWith('wild'))).toHaveLength(15);
    await collector.stop();
  });
});

test('an answer in OpenMetrics is read as such, and its metadata is kept', async () => {
  const { clock, fetcher, store, collector, metadata, start } = await makeCollector();
  const body =
    '# TYPE a_seconds counter\n# UNIT a_seconds seconds\n# HELP a_seconds Seconds of a.\n' +
    'a_seconds_total 1 # {t="x"} 1\na_seconds_created 5\n# EOF\n';
  const contentType = 'application/openmetrics-text; version=1.0.0; charset=utf-8';
  fetcher.answers.set(8067, { contentType, body });
  await start(serverTarget);
  expect(store.values('a_seconds_total')).toEqual([1]);
  expect(store.values('a_seconds_created')).toEqual([]);
  expect(metadata.all()).toEqual({
    a_seconds: [{ type: 'counter', help: 'Seconds of a.', unit: 'seconds' }],
  });
  fetcher.answers.set(8067, { contentType, body: 'a_seconds_total 1\n' });
  await clock.advance(interval);
  expect(collector.targets()[0]!.lastError).toMatchObject({
    code: 'SCRAPE_PARSE',
    message: expect.stringMatching(/# EOF/),
  });
  await collector.stop();
});

test('honoured times that cannot be stored are counted by reason', async () => {
  const { clock, fetcher, collector, store } = await makeCollector();
  collector.start(
    { targets: [serverTarget], problems: [] },
    { ...testSettings, honorTimestamps: true },
  );
  const nowMs = clock.nowMs();
  fetcher.answers.set(8067, `a 1 ${String(nowMs)}\nb 1\nb 2\n`);
  await clock.advance(0);
  fetcher.answers.set(8067, `a 2 ${String(nowMs)}\nb 1\nb 2\n`);
  await clock.advance(interval);
  fetcher.answers.set(8067, `a 2 ${String(nowMs - 5)}\nb 1\nb 2\n`);
  await clock.advance(interval);
  expect(collector.targets()[0]!.rejected).toEqual({
    outOfOrder: 1,
    tooOld: 0,
    tooNew: 0,
    // One of `a`, and one of `b` in each answer: beside a time that counts, the store judges its second line.
    duplicates: 4,
    duplicateLines: 0,
  });
  expect(store.values('a')).toEqual([1]);
  await collector.stop();
});
