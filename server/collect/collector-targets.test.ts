import { describe, expect, test } from '@jest/globals';
import { makeCollector, nodeTarget, serverTarget, testSettings } from './collector-fixture.ts';
import { absentProbeMs, maxConcurrentScrapes, maxGoneTargets } from './limits.ts';
import type { ScrapeTarget } from './target.ts';

const interval = testSettings.scrapeIntervalMs;
const far = Number.MAX_SAFE_INTEGER;

/** A target of a node of the cluster. */
function ofNode(node: string, port: number): ScrapeTarget {
  return { ...serverTarget, host: node, instance: `${node}:${String(port)}`, port, node };
}

/** A plugin's metrics on the server's port, told apart here by a port of their own. */
const pluginTarget: ScrapeTarget = {
  ...serverTarget,
  job: 'com.example.plugin',
  port: 8068,
  isOptional: true,
  mayBeMissing: true,
};

describe('a target that goes', () => {
  test('with its node ends its series and has a gap until it is back', async () => {
    const { clock, fetcher, store, ledger, collector, start } = await makeCollector();
    fetcher.answers.set(1, 'a 1\n');
    fetcher.answers.set(2, 'b 1\n');
    const [first, second] = [ofNode('mm1', 1), ofNode('mm2', 2)];
    await start(first, second);
    const goneMs = clock.nowMs();
    collector.applyTargets({ targets: [first], problems: [] });
    await clock.advance(10 * interval);
    expect(store.values('b')).toEqual([1, 'stale']);
    expect(store.values('a').length).toBeGreaterThan(5);
    const [gap] = ledger.recent(second, 10);
    expect(gap).toMatchObject({
      reason: 'NODE_GONE',
      message: 'The node left the cluster.',
      fromMs: goneMs,
      toMs: null,
    });
    collector.applyTargets({ targets: [first, second], problems: [] });
    await clock.advance(0);
    expect(store.values('b')).toEqual([1, 'stale', 1]);
    expect(ledger.recent(second, 10)).toMatchObject([{ reason: 'NODE_GONE', toMs: clock.nowMs() }]);
    await collector.stop();
    expect(clock.pendingTimers).toBe(0);
  });

  test('alone, while its node stays, was removed', async () => {
    const { clock, fetcher, ledger, collector, start } = await makeCollector();
    fetcher.answers.set(1, 'a 1\n');
    fetcher.answers.set(9100, 'n 1\n');
    const [server, exporter] = [ofNode('mm1', 1), { ...nodeTarget, node: 'mm1' }];
    await start(server, exporter);
    collector.applyTargets({ targets: [server], problems: [] });
    await clock.advance(0);
    expect(ledger.recent(exporter, 1)).toMatchObject([{ reason: 'TARGET_REMOVED', toMs: null }]);
    await collector.stop();
  });

  test('and was never there leaves no trace, as one that changes its address', async () => {
    const { clock, fetcher, ledger, collector, start } = await makeCollector();
    fetcher.answers.set(1, 'a 1\n');
    const server = ofNode('mm1', 1);
    await start(server, nodeTarget);
    await clock.advance(1000);
    collector.applyTargets({ targets: [{ ...server, host: '10.0.0.1' }], problems: [] });
    await clock.advance(0);
    expect(ledger.between(0, far)).toEqual([]);
    await collector.stop();
  });

  test('is remembered over a restart, among a bounded number of others', async () => {
    const { clock, fetcher, ledger, file, collector, start } = await makeCollector();
    fetcher.generate = () => 'a 1\n';
    const targets = Array.from({ length: maxGoneTargets + 5 }, (_, at) => ofNode(`n${at}`, 1));
    await start(...targets);
    await clock.advance(interval);
    collector.applyTargets({ targets: [], problems: [] });
    await clock.advance(0);
    const open = ledger.between(0, far).filter(({ toMs }) => toMs === null);
    expect(open).toHaveLength(maxGoneTargets);
    await collector.stop();
    await ledger.close();
    expect(file.text.match(/NODE_GONE/g)?.length).toBeGreaterThanOrEqual(maxGoneTargets);
    const { ledger: next } = await makeCollector(file);
    expect(next.between(0, far)).toHaveLength(maxGoneTargets + 5);
  });
});

describe('a plugin', () => {
  test('without metrics that answers late at first is listed nowhere all the same', async () => {
    const { clock, fetcher, store, ledger, collector, start } = await makeCollector();
    fetcher.answers.set(8068, { code: 'SCRAPE_TIMEOUT' });
    await start(pluginTarget);
    expect(collector.problems()).toMatchObject([{ code: 'SCRAPE_TIMEOUT' }]);
    fetcher.answers.set(8068, { code: 'SCRAPE_HTTP_404' });
    await clock.advance(4 * interval);
    expect(collector.targets()).toEqual([]);
    expect(collector.problems()).toEqual([]);
    const gaps = ledger.between(0, far);
    expect(gaps).toMatchObject([{ reason: 'SCRAPE_TIMEOUT' }]);
    expect(gaps[0]?.toMs).toBeLessThan(far);
    expect(store.values('up')).toEqual([0, 'stale']);
    await collector.stop();
  });

  test('without metrics is asked once a minute and listed nowhere', async () => {
    const { clock, fetcher, ledger, collector, start } = await makeCollector();
    fetcher.answers.set(8067, 'a 1\n');
    fetcher.answers.set(8068, { code: 'SCRAPE_HTTP_404' });
    await start(serverTarget, pluginTarget);
    const asked = fetcher.times.length;
    await clock.advance(absentProbeMs);
    expect(collector.targets().map(({ job }) => job)).toEqual(['prometheus']);
    expect(collector.summary()).toMatchObject({ up: 1, total: 1 });
    expect(collector.problems()).toEqual([]);
    expect(ledger.between(0, far)).toEqual([]);
    expect(fetcher.times.length - asked).toBe(absentProbeMs / interval + 1);
    fetcher.answers.set(8068, 'p 1\n');
    await clock.advance(absentProbeMs);
    expect(collector.targets().map(({ job }) => job)).toEqual(['prometheus', pluginTarget.job]);
    // What was there once is missed.
    fetcher.answers.set(8068, { code: 'SCRAPE_HTTP_404' });
    await clock.advance(interval);
    expect(collector.problems()).toMatchObject([{ code: 'SCRAPE_HTTP_404' }]);
    await collector.stop();
  });

  test('that fails otherwise is down', async () => {
    const { fetcher, collector, start } = await makeCollector();
    fetcher.answers.set(8068, { code: 'SCRAPE_HTTP_500' });
    await start(pluginTarget);
    expect(collector.targets()).toMatchObject([{ state: 'down' }]);
    await collector.stop();
  });

  test('of an ordinary optional target a 404 is a failure', async () => {
    const { fetcher, collector, start } = await makeCollector();
    fetcher.answers.set(9100, { code: 'SCRAPE_HTTP_404' });
    await start(nodeTarget);
    expect(collector.targets()).toMatchObject([{ state: 'down' }]);
    await collector.stop();
  });
});

test('a target may have its own rhythm and patience', async () => {
  const { clock, fetcher, store, collector, start } = await makeCollector();
  fetcher.answers.set(8067, 'a 1\n');
  fetcher.answers.set(1, 'b 1\n');
  const timeouts: number[] = [];
  const fetch = fetcher.fetch.bind(fetcher);
  fetcher.fetch = (request) => {
    if (request.port === 1) timeouts.push(request.timeoutMs);
    return fetch(request);
  };
  const slow = { ...ofNode('db', 1), intervalMs: 60_000, timeoutMs: 30_000 };
  await start(serverTarget, slow);
  await clock.advance(600_000);
  expect(store.values('a')).toHaveLength(41);
  expect(store.values('b')).toHaveLength(11);
  expect(timeouts[0]).toBe(30_000);
  collector.applyTargets({ targets: [{ ...slow, intervalMs: 10_000 }], problems: [] });
  await clock.advance(0);
  expect(timeouts.at(-1)).toBe(9000);
  await collector.stop();
});

test('a hundred targets that hang delay no other one', async () => {
  const { clock, fetcher, collector, start } = await makeCollector();
  const hung = Array.from({ length: 100 }, (_, at) => ofNode(`db${String(at)}`, 1000 + at));
  // As if the time were over then.
  for (const { port } of hung) fetcher.answers.set(port, { afterMs: 13_500, body: 'nothing\n' });
  fetcher.answers.set(8067, 'a 1\n');
  const times: number[] = [];
  const fetch = fetcher.fetch.bind(fetcher);
  fetcher.fetch = (request) => {
    if (request.port === 8067) times.push(clock.nowMs());
    return fetch(request);
  };
  await start(...hung, serverTarget);
  for (let at = 0; at < 1200; at++) await clock.advance(500);
  expect(fetcher.mostUnderWay).toBe(maxConcurrentScrapes);
  const rhythm = times.slice(3);
  expect(rhythm.length).toBeGreaterThan(30);
  expect(new Set(rhythm.map((timeMs) => timeMs % interval)).size).toBe(1);
  await collector.stop();
});

test('what a foreign target answers is shown nowhere', async () => {
  const { fetcher, collector, start } = await makeCollector();
  const secret = 'root:x:0:0:secret';
  fetcher.answers.set(1, `${secret}\n`);
  await start({ ...ofNode('db', 1), isForeign: true });
  expect(collector.targets()[0]?.lastError?.code).toBe('SCRAPE_PARSE');
  expect(JSON.stringify([collector.targets(), collector.problems()])).not.toContain('root');
  await collector.stop();
});

test('targets that fail alike are one problem for as long as they do', async () => {
  const { clock, fetcher, collector, start } = await makeCollector();
  const servers = Array.from({ length: 5 }, (_, i) => {
    return { ...serverTarget, instance: `mm${String(i + 1)}:8067`, port: 8067 + i };
  });
  for (const { port } of servers) fetcher.answers.set(port, { code: 'SCRAPE_REFUSED' });
  await start(...servers);
  const messages = () => collector.problems().map(({ message }) => message.replace(/\. .*/, ''));
  expect(messages()).toEqual([
    'No data from 5 targets: mm1:8067 (prometheus), mm2:8067 (prometheus), mm3:8067 (prometheus) and 2 more',
  ]);
  for (const { port } of servers.slice(1)) fetcher.answers.set(port, 'a 1\n');
  await clock.advance(interval);
  expect(messages()).toEqual([expect.stringMatching(/^No data from mm1:8067 \(prometheus, http:/)]);
  fetcher.answers.set(8067, 'a 1\n');
  await clock.advance(interval);
  expect(messages()).toEqual([]);
  await collector.stop();
});
