import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { isHolding, kill, LeaseBench, never, problemCodes } from './lease-bench-fixture.ts';

let bench: LeaseBench;

beforeEach(() => {
  bench = new LeaseBench();
});

// Every timer has an owner that ends it.
afterEach(async () => {
  expect(await bench.close()).toBe(0);
});

describe('a free lease', () => {
  test('is taken within half a second when there is none', async () => {
    const node = bench.started('a');
    expect(await bench.until(() => isHolding(node))).toBeLessThan(500);
    expect(node.lease.view()).toMatchObject({ isSure: true, epoch: 1, isDatabaseFailing: false });
    expect(node.lease.view().holder).toMatchObject({ id: 'a', host: 'host-a', version: '0.9.0' });
    expect(bench.record()).toMatchObject({ v: 1, e: 1, s: 1, st: 'held', id: 'a', pid: 100 });
  });

  test('goes to one of three nodes that start at once, without noise in the database log', async () => {
    const three = [bench.started('a'), bench.started('b'), bench.started('c')];
    await bench.clock.advance(5000);
    expect(three.filter(isHolding)).toHaveLength(1);
    expect(new Set(three.map(({ lease }) => lease.view().holder?.id)).size).toBe(1);
    expect(bench.database.duplicateKeyErrors).toBe(0);
  });

  test('is taken within half a second of a release whose event arrives', async () => {
    const { holder, follower } = await bench.pair();
    await holder.lease.release();
    expect(bench.record()).toMatchObject({ st: 'free', e: 1, id: 'a' });
    follower.lease.poke();
    expect(await bench.until(() => isHolding(follower))).toBeLessThan(500);
    expect(follower.lease.view().epoch).toBe(2);
  });

  test('is taken within three seconds of a release whose event is lost', async () => {
    const { holder, follower } = await bench.pair();
    await holder.lease.release();
    expect(await bench.until(() => isHolding(follower))).toBeLessThan(3000);
  });

  test('is taken soon though the replica lags behind the event', async () => {
    const holder = bench.started('a');
    await bench.until(() => isHolding(holder));
    const follower = bench.started('b', { lagMs: () => 1200 });
    await bench.clock.advance(7000);
    await holder.lease.release();
    follower.lease.poke();
    expect(await bench.until(() => isHolding(follower))).toBeLessThan(2100);
  });
});

describe('a follower', () => {
  test('takes over 15 s after it saw the last change, not before', async () => {
    const { holder, follower } = await bench.pair();
    await bench.until(() => holder.calls.length % 2 === 0);
    kill(holder);
    const tookMs = await bench.until(() => isHolding(follower));
    expect(tookMs).toBeGreaterThan(9900);
    expect(tookMs).toBeLessThan(18_000);
    expect(follower.lease.view()).toMatchObject({ epoch: 2, isSure: true });
  });

  test('takes over a lease of an earlier install 15 s after its start', async () => {
    await bench.write({
      ...{ v: 1, e: 41, s: 7, st: 'held', id: 'gone', boot: 'x', pid: 1 },
      ...{ host: 'gone', ver: '0.8.0', since: 5 },
    });
    const node = bench.started('a');
    await bench.clock.advance(14_900);
    expect(isHolding(node)).toBe(false);
    expect(node.lease.view().holder).toMatchObject({ id: 'gone', epoch: 41, version: '0.8.0' });
    await bench.clock.advance(200);
    expect(node.lease.view()).toMatchObject({ role: 'holding', epoch: 42 });
  });

  test('takes over at once from its own earlier process that has ended', async () => {
    const holder = bench.started('a', { identity: { boot: 'one', pid: 7 } });
    await bench.until(() => isHolding(holder));
    kill(holder);
    const again = bench.started('a', {
      identity: { boot: 'two', pid: 8 },
      isPidAlive: () => false,
    });
    expect(await bench.until(() => isHolding(again))).toBeLessThan(100);
    expect(again.lease.view().epoch).toBe(2);
  });

  test('takes over at once when its earlier process had the process id that it has itself', async () => {
    const holder = bench.started('a', { identity: { boot: 'one', pid: 7 } });
    await bench.until(() => isHolding(holder));
    kill(holder);
    const again = bench.started('a', { identity: { boot: 'two', pid: 7 } });
    expect(await bench.until(() => isHolding(again))).toBeLessThan(100);
  });

  test('takes over soon when its earlier process ends a little later', async () => {
    const holder = bench.started('a', { identity: { boot: 'one', pid: 7 } });
    await bench.until(() => isHolding(holder));
    kill(holder);
    let isAlive = true;
    const again = bench.started('a', {
      identity: { boot: 'two', pid: 8 },
      isPidAlive: () => isAlive,
    });
    await bench.clock.advance(1000);
    expect(isHolding(again)).toBe(false);
    isAlive = false;
    expect(await bench.until(() => isHolding(again))).toBeLessThan(2600);
  });

  test.each([
    ['of another host', { host: 'elsewhere' }, false],
    ['of another node', { id: 'b' }, false],
    ['that still runs', {}, true],
  ])('waits for a process %s', async (_name, identity, isAlive) => {
    const holder = bench.started('a', { identity: { boot: 'one', pid: 7 } });
    await bench.until(() => isHolding(holder));
    kill(holder);
    const other = bench.started('a', {
      identity: { boot: 'two', pid: 8, ...identity },
      isPidAlive: () => isAlive,
    });
    await bench.clock.advance(10_000);
    expect(isHolding(other)).toBe(false);
    expect(await bench.until(() => isHolding(other))).toBeLessThan(8000);
  });

  test('never takes over from a holder that lives, however much its replica lags', async () => {
    const holder = bench.started('a');
    await bench.until(() => isHolding(holder));
    const follower = bench.started('b', { lagMs: () => 40_000 });
    await bench.clock.advance(120_000);
    expect(isHolding(holder)).toBe(true);
    expect(isHolding(follower)).toBe(false);
    // Stale reads are believed once in 15 s, not at every poll.
    expect(follower.calls.filter((call) => call === 'swap').length).toBeLessThan(12);
  });

  test('takes over though reads alternate between a replica that stands still and a good one', async () => {
    const holder = bench.started('a');
    await bench.until(() => isHolding(holder));
    await bench.clock.advance(6000);
    const stuckMs = bench.clock.monotonicMs();
    let turn = 0;
    const lagMs = () => (turn++ % 2 === 0 ? bench.clock.monotonicMs() - stuckMs : 0);
    const follower = bench.started('b', { lagMs });
    await bench.clock.advance(30_000);
    expect(isHolding(follower)).toBe(false);
    kill(holder);
    expect(await bench.until(() => isHolding(follower))).toBeLessThan(21_000);
  });

  test('waits in vain without noise when the replica knows nothing of the record', async () => {
    const holder = bench.started('a');
    await bench.until(() => isHolding(holder));
    const follower = bench.started('b', { lagMs: () => Number.MAX_SAFE_INTEGER });
    await bench.clock.advance(70_000);
    expect(isHolding(follower)).toBe(false);
    expect(bench.database.duplicateKeyErrors).toBeLessThan(6);
    expect(holder.lease.view().epoch).toBe(1);
  });

  test('does not mind a database that fails and comes back', async () => {
    const { follower } = await bench.pair();
    follower.before = () => Promise.reject(new Error('connection refused'));
    await bench.clock.advance(60_000);
    expect(follower.lease.view().isDatabaseFailing).toBe(true);
    expect(problemCodes(follower)).toEqual(['CLUSTER_DATABASE_FAILING']);
    follower.before = () => Promise.resolve();
    await bench.clock.advance(3000);
    expect(follower.lease.view()).toMatchObject({ isDatabaseFailing: false, role: 'following' });
    expect(follower.lease.problems()).toEqual([]);
  });
});

describe('an outage of the database for all nodes', () => {
  const fail = () => Promise.reject(new Error('connection refused'));
  const pass = () => Promise.resolve();

  // Whoever asks first behind the outage is a matter of milliseconds.
  test.each([120_000, 120_300, 120_600, 120_900, 121_200, 121_500, 121_800, 122_100])(
    'leaves the lease with whoever holds it (%i ms)',
    async (outageMs) => {
      const { holder, follower } = await bench.pair();
      holder.before = fail;
      follower.before = fail;
      await bench.clock.advance(outageMs);
      expect(holder.lease.view()).toMatchObject({ role: 'holding', isSure: false });
      // The follower has answers first, and for longer than the holder pauses behind a failure.
      follower.before = pass;
      await bench.clock.advance(4000);
      holder.before = pass;
      await bench.clock.advance(30_000);
      expect(holder.lease.view()).toMatchObject({ role: 'holding', isSure: true, epoch: 1 });
      expect(follower.lease.view().role).toBe('following');
      expect([holder, follower].flatMap(problemCodes)).toEqual([]);
    },
  );

  test('ends the lease of a node that is gone, at most 18 s behind its end', async () => {
    const { holder, follower } = await bench.pair();
    follower.before = fail;
    kill(holder);
    await bench.clock.advance(60_000);
    follower.before = pass;
    expect(await bench.until(() => isHolding(follower))).toBeLessThan(18_000);
  });
});

describe('a claim without an answer', () => {
  test('that was written is held from its next confirmation on', async () => {
    const node = bench.add('a');
    let count = 0;
    node.after = (method) => (method === 'swap' && count++ === 0 ? never() : Promise.resolve());
    node.lease.start();
    await bench.clock.advance(2000);
    expect(bench.record()).toMatchObject({ st: 'held', id: 'a' });
    expect(isHolding(node)).toBe(false);
    await bench.until(() => isHolding(node), 8000);
    expect(bench.record()).toMatchObject({ e: 1, s: 2 });
  });

  test('that never reached the database is repeated', async () => {
    const node = bench.add('a');
    let count = 0;
    node.before = (method) => (method === 'swap' && count++ === 0 ? never() : Promise.resolve());
    node.lease.start();
    await bench.until(() => isHolding(node), 8000);
    expect(bench.record()).toMatchObject({ e: 1, s: 1 });
  });

  test('that another node forestalled is given up', async () => {
    const node = bench.add('a');
    node.before = (method) => (method === 'swap' ? never() : Promise.resolve());
    node.lease.start();
    await bench.clock.advance(1000);
    const other = bench.started('b');
    await bench.until(() => isHolding(other));
    node.before = () => Promise.resolve();
    await bench.clock.advance(30_000);
    expect(isHolding(node)).toBe(false);
    expect(node.lease.view().holder?.id).toBe('b');
  });
});
