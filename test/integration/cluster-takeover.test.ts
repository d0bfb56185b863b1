import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { TargetList } from '../../api/index.ts';
import { ClusterBench } from './cluster-bench-fixture.ts';

let bench: ClusterBench;

beforeEach(async () => {
  bench = await ClusterBench.create();
});

afterEach(async () => {
  await bench.close();
  expect(bench.failures).toEqual([]);
});

test('one of three nodes collects within five seconds, the others listen', async () => {
  const names = ['a', 'b', 'c'];
  const startMs = bench.nowMs();
  for (const name of names) await bench.start(name);
  const collector = await bench.collector();
  expect(bench.nowMs() - startMs).toBeLessThan(5000);
  await bench.advance(30_000);
  for (const name of names) {
    const { mode, collector: told } = await bench.node(name).status();
    expect([name, mode]).toEqual([name, name === collector.name ? 'scraper' : 'listener']);
    expect(told).toMatchObject({ node: collector.name, epoch: 1 });
  }
});

test('a collector that ends hands over within two seconds, with everything in the file store', async () => {
  for (const name of ['a', 'b', 'c']) await bench.start(name);
  const old = await bench.collector();
  await bench.advance(40_000);
  const startMs = bench.nowMs();
  await bench.stop(old.name);
  const next = await bench.collector();
  const { targets } = await next.get<TargetList>('targets');
  // Whatever the old one still has to bring away: the new one scrapes meanwhile.
  expect((targets[0]?.gaps[0]?.toMs ?? Infinity) - startMs).toBeLessThanOrEqual(2000);
  expect(targets[0]?.gaps).toMatchObject([
    { reason: 'COLLECTOR_CHANGED', message: `Collecting moved from ${old.name} to ${next.name}.` },
  ]);
  // The old one is gone for good, and with it what it has not brought away.
  await bench.until('its block is known', async () => {
    return (await next.status()).sync.remoteBlocks === 1;
  });
  // A node that comes back leaves the collecting to the one that does it now.
  const again = await bench.start(old.name, { copyOf: old });
  await bench.advance(40_000);
  expect(await again.status()).toMatchObject({ mode: 'listener', collector: { node: next.name } });
});

test('a node that comes back alone notes for how long nobody collected', async () => {
  const first = await bench.start('a');
  await bench.collector();
  await bench.advance(30_000);
  await bench.stop('a');
  await bench.advance(60_000);
  const again = await bench.start('a', { copyOf: first });
  await bench.collector();
  const { targets } = await again.get<TargetList>('targets');
  expect(targets[0]?.gaps).toMatchObject([{ reason: 'COLLECTOR_STOPPED' }]);
});

test('a node that starts after another one has ended does not take its time for a gap', async () => {
  const first = await bench.start('a');
  await bench.collector();
  await bench.start('b');
  await bench.stop('a');
  const second = await bench.collector();
  await bench.advance(60_000);
  const endMs = bench.nowMs();
  await bench.stop(second.name);
  await bench.advance(30_000);
  const again = await bench.start('a', { copyOf: first });
  await bench.collector();
  const { targets } = await again.get<TargetList>('targets');
  const [gap] = targets[0]?.gaps ?? [];
  expect(gap).toMatchObject({ message: 'Collecting moved from b to a.' });
  expect(gap?.fromMs).toBeGreaterThanOrEqual(endMs - 5000);
});

test('a node that was killed brings away what it had when it comes back', async () => {
  for (const name of ['a', 'b', 'c']) await bench.start(name);
  const old = await bench.collector();
  await bench.advance(40_000);
  old.freeze();
  const next = await bench.collector();
  const back = await bench.start(`${old.name}2`, { copyOf: old });
  await bench.until('its block is in the file store', async () => {
    return (await next.status()).sync.remoteBlocks === 1;
  });
  expect((await back.status()).mode).toBe('listener');
});

test('a collector that stands still is replaced, and listens when it wakes up', async () => {
  for (const name of ['a', 'b', 'c']) await bench.start(name);
  const old = await bench.collector();
  old.freeze();
  const startMs = bench.nowMs();
  const next = await bench.collector();
  expect(bench.nowMs() - startMs).toBeLessThanOrEqual(20_000);
  expect(next.name).not.toBe(old.name);
  await bench.wake(old);
  await bench.until('the old one listens', async () => (await old.status()).mode === 'listener');
  await bench.until('what it had is in the file store', async () => {
    return (await next.status()).sync.remoteBlocks === 1;
  });
  expect((await old.status()).collector).toMatchObject({ node: next.name, epoch: 2 });
});
