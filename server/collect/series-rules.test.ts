import { describe, expect, test } from '@jest/globals';
import { makeCollector, nodeTarget, serverTarget, testSettings } from './collector-fixture.ts';

const interval = testSettings.scrapeIntervalMs;

describe('rules for series that change', () => {
  const stricter = { ...testSettings, labelLimit: 20, honorTimestamps: true };

  test('leave no hole in what goes on, and end what does not', async () => {
    const { clock, fetcher, store, collector, start } = await makeCollector();
    fetcher.answers.set(8067, 'a 1\nb 1\n');
    await start(serverTarget);
    fetcher.answers.set(8067, 'a 2\n');
    collector.applySettings(stricter);
    collector.applySettings({ ...stricter, labelLimit: 30 });
    await clock.advance(interval);
    expect(store.values('a')).toEqual([1, 2]);
    expect(store.values('up')).toEqual([1, 1]);
    expect(store.values('b')).toEqual([1, 'stale']);
    await clock.advance(interval);
    expect(store.values('b')).toEqual([1, 'stale']);
    await collector.stop();
  });

  test('end everything with the scrape that fails next, or with the target', async () => {
    const { clock, fetcher, store, collector, start } = await makeCollector();
    fetcher.answers.set(8067, 'a 1\n');
    fetcher.answers.set(9100, 'n 1\n');
    await start(serverTarget, nodeTarget);
    collector.applySettings(stricter);
    collector.applyTargets({ targets: [serverTarget], problems: [] });
    fetcher.answers.set(8067, { code: 'SCRAPE_TIMEOUT' });
    await clock.advance(2 * interval);
    expect(store.values('a')).toEqual([1, 'stale']);
    expect(store.values('n')).toEqual([1, 'stale']);
    expect(store.values('up')).toEqual([1, 1, 'stale', 0, 0]);
    await collector.stop();
  });

  test('count from the next scrape on, and what one under way brings ends there, too', async () => {
    const { clock, fetcher, store, collector, start } = await makeCollector();
    fetcher.answers.set(8067, { afterMs: 5000, body: 'a 1\nb{x="1"} 1\n' });
    await start(serverTarget);
    collector.applySettings(stricter);
    await clock.advance(5000);
    fetcher.answers.set(8067, 'a 2\n');
    await clock.advance(interval);
    expect(store.values('a')).toEqual([1, 2]);
    expect(store.values('b')).toEqual([1, 'stale']);
    await collector.stop();
  });
});

describe('a target that changes its form', () => {
  test('goes on without a hole; what only the old form had ends', async () => {
    const { clock, fetcher, store, collector, start } = await makeCollector();
    fetcher.answers.set(8067, 'a 1\nold 1\n');
    await start(serverTarget);
    await clock.advance(interval);
    fetcher.answers.set(8067, 'a 2\n');
    const labels = { zone: 'b' };
    collector.applyTargets({ targets: [{ ...serverTarget, timeoutMs: 1000 }], problems: [] });
    collector.applyTargets({ targets: [{ ...serverTarget, timeoutMs: 2000 }], problems: [] });
    await clock.advance(interval);
    expect(store.values('a')).toEqual([1, 1, 2, 2]);
    expect(store.values('up')).toEqual([1, 1, 1, 1]);
    expect(store.values('old')).toEqual([1, 1, 'stale']);
    collector.applyTargets({ targets: [{ ...serverTarget, labels }], problems: [] });
    await clock.advance(0);
    expect(store.values('a{instance=mm1:8067,job=prometheus}')).toEqual([1, 1, 2, 2, 'stale']);
    await collector.stop();
  });

  test('ends its series when it is gone, or absent, before it could go on', async () => {
    const { clock, fetcher, store, collector, start } = await makeCollector();
    const second = { ...serverTarget, instance: 'mm2:8067', port: 8068 };
    fetcher.answers.set(8067, 'a 1\n');
    fetcher.answers.set(8068, 'b 1\n');
    await start(serverTarget, second);
    await clock.advance(interval);
    fetcher.answers.set(8067, { afterMs: 5000, body: 'a 2\n' });
    collector.applyTargets({
      targets: [
        { ...serverTarget, timeoutMs: 1000 },
        { ...second, port: 1, isOptional: true },
      ],
      problems: [],
    });
    await clock.advance(1000);
    expect(collector.targets().map(({ state }) => state)).toEqual(['unknown', 'absent']);
    expect(store.values('b')).toEqual([1, 1, 'stale']);
    collector.applyTargets({ targets: [], problems: [] });
    await clock.advance(interval);
    expect(store.values('a')).toEqual([1, 1, 'stale']);
    expect(store.values('up').filter((value) => value === 'stale')).toHaveLength(2);
    await collector.stop();
  });
});
