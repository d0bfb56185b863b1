import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { LogFields, Logger } from '../../lib/runtime/index.ts';
import { silentLogger } from '../../lib/runtime/index.ts';
import { type FakeNode, isHolding, LeaseBench, never } from './lease-bench-fixture.ts';

let bench: LeaseBench;
let nodes: FakeNode[];

beforeEach(() => {
  bench = new LeaseBench();
  nodes = [];
});

// Every timer has an owner that ends it.
afterEach(async () => {
  for (const { lease } of nodes) void lease.release();
  await bench.clock.advance(5000);
  expect(bench.clock.pendingTimers).toBe(0);
});

function add(name: string, options: Parameters<LeaseBench['node']>[1] = {}): FakeNode {
  const node = bench.node(name, options);
  nodes.push(node);
  return node;
}

function started(name: string, options: Parameters<LeaseBench['node']>[1] = {}): FakeNode {
  const node = add(name, options);
  node.lease.start();
  return node;
}

/** A node that holds the lease, and one that follows. */
async function pair(): Promise<{ holder: FakeNode; follower: FakeNode }> {
  const holder = started('a');
  await bench.until(() => isHolding(holder));
  const follower = started('b');
  await bench.clock.advance(4000);
  expect(isHolding(follower)).toBe(false);
  return { holder, follower };
}

async function lonely(): Promise<FakeNode> {
  const node = started('a');
  await bench.until(() => isHolding(node));
  await bench.clock.advance(4000);
  return node;
}

/** As SIGKILL: nothing of the node reaches the database any more. */
function kill(node: FakeNode): void {
  node.before = never;
}

const problemCodes = ({ lease }: FakeNode) => lease.problems().map(({ code }) => code);

describe('a free lease', () => {
  test('is taken within half a second when there is none', async () => {
    const node = started('a');
    expect(await bench.until(() => isHolding(node))).toBeLessThan(500);
    expect(node.lease.view()).toMatchObject({ isSure: true, epoch: 1, isDatabaseFailing: false });
    expect(node.lease.view().holder).toMatchObject({ id: 'a', host: 'host-a', version: '0.9.0' });
    expect(bench.record()).toMatchObject({ v: 1, e: 1, s: 1, st: 'held', id: 'a', pid: 100 });
  });

  test('goes to one of three nodes that start at once, without noise in the database log', async () => {
    const three = [started('a'), started('b'), started('c')];
    await bench.clock.advance(5000);
    expect(three.filter(isHolding)).toHaveLength(1);
    expect(new Set(three.map(({ lease }) => lease.view().holder?.id)).size).toBe(1);
    expect(bench.database.duplicateKeyErrors).toBe(0);
  });

  test('is taken within half a second of a release whose event arrives', async () => {
    const { holder, follower } = await pair();
    await holder.lease.release();
    expect(bench.record()).toMatchObject({ st: 'free', e: 1, id: 'a' });
    follower.lease.poke();
    expect(await bench.until(() => isHolding(follower))).toBeLessThan(500);
    expect(follower.lease.view().epoch).toBe(2);
  });

  test('is taken within three seconds of a release whose event is lost', async () => {
    const { holder, follower } = await pair();
    await holder.lease.release();
    expect(await bench.until(() => isHolding(follower))).toBeLessThan(3000);
  });

  test('is taken soon though the replica lags behind the event', async () => {
    const holder = started('a');
    await bench.until(() => isHolding(holder));
    const follower = started('b', { lagMs: () => 1200 });
    await bench.clock.advance(7000);
    await holder.lease.release();
    follower.lease.poke();
    expect(await bench.until(() => isHolding(follower))).toBeLessThan(2100);
  });
});

describe('a follower', () => {
  test('takes over 15 s after it saw the last change, not before', async () => {
    const { holder, follower } = await pair();
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
    const node = started('a');
    await bench.clock.advance(14_900);
    expect(isHolding(node)).toBe(false);
    expect(node.lease.view().holder).toMatchObject({ id: 'gone', epoch: 41, version: '0.8.0' });
    await bench.clock.advance(200);
    expect(node.lease.view()).toMatchObject({ role: 'holding', epoch: 42 });
  });

  test('takes over at once from its own earlier process that has ended', async () => {
    const holder = started('a', { identity: { boot: 'one', pid: 7 } });
    await bench.until(() => isHolding(holder));
    kill(holder);
    const again = started('a', { identity: { boot: 'two', pid: 8 }, isPidAlive: () => false });
    expect(await bench.until(() => isHolding(again))).toBeLessThan(100);
    expect(again.lease.view().epoch).toBe(2);
  });

  test('takes over at once when its earlier process had the process id that it has itself', async () => {
    const holder = started('a', { identity: { boot: 'one', pid: 7 } });
    await bench.until(() => isHolding(holder));
    kill(holder);
    const again = started('a', { identity: { boot: 'two', pid: 7 } });
    expect(await bench.until(() => isHolding(again))).toBeLessThan(100);
  });

  test.each([
    ['of another host', { host: 'elsewhere' }, false],
    ['of another node', { id: 'b' }, false],
    ['that still runs', {}, true],
  ])('waits for a process %s', async (_name, identity, isAlive) => {
    const holder = started('a', { identity: { boot: 'one', pid: 7 } });
    await bench.until(() => isHolding(holder));
    kill(holder);
    const other = started('a', {
      identity: { boot: 'two', pid: 8, ...identity },
      isPidAlive: () => isAlive,
    });
    await bench.clock.advance(10_000);
    expect(isHolding(other)).toBe(false);
    expect(await bench.until(() => isHolding(other))).toBeLessThan(8000);
  });

  test('never takes over from a holder that lives, however much its replica lags', async () => {
    const holder = started('a');
    await bench.until(() => isHolding(holder));
    const follower = started('b', { lagMs: () => 40_000 });
    await bench.clock.advance(120_000);
    expect(isHolding(holder)).toBe(true);
    expect(isHolding(follower)).toBe(false);
    // Stale reads are believed once in 15 s, not at every poll.
    expect(follower.calls.filter((call) => call === 'swap').length).toBeLessThan(12);
  });

  test('takes over though reads alternate between a replica that stands still and a good one', async () => {
    const holder = started('a');
    await bench.until(() => isHolding(holder));
    await bench.clock.advance(6000);
    const stuckMs = bench.clock.monotonicMs();
    let turn = 0;
    const lagMs = () => (turn++ % 2 === 0 ? bench.clock.monotonicMs() - stuckMs : 0);
    const follower = started('b', { lagMs });
    await bench.clock.advance(30_000);
    expect(isHolding(follower)).toBe(false);
    kill(holder);
    expect(await bench.until(() => isHolding(follower))).toBeLessThan(21_000);
  });

  test('waits in vain without noise when the replica knows nothing of the record', async () => {
    const holder = started('a');
    await bench.until(() => isHolding(holder));
    const follower = started('b', { lagMs: () => Number.MAX_SAFE_INTEGER });
    await bench.clock.advance(70_000);
    expect(isHolding(follower)).toBe(false);
    expect(bench.database.duplicateKeyErrors).toBeLessThan(6);
    expect(holder.lease.view().epoch).toBe(1);
  });

  test('does not mind a database that fails and comes back', async () => {
    const { follower } = await pair();
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

describe('the holder', () => {
  test('renews every 5 s and keeps its epoch', async () => {
    const node = started('a');
    await bench.until(() => isHolding(node));
    await bench.clock.advance(60_000);
    expect(bench.record()).toMatchObject({ e: 1, s: 13 });
    expect(node.calls.filter((call) => call === 'get')).toHaveLength(2);
  });

  test('stops with the first answer that says that the record is another one', async () => {
    const holder = started('a');
    await bench.until(() => isHolding(holder));
    const views: string[] = [];
    holder.lease.onChange((view) => views.push(`${view.role} ${view.holder?.id ?? '-'}`));
    await bench.write({
      ...{ v: 1, e: 9, s: 0, st: 'held', id: 'z', boot: 'z', pid: 1 },
      ...{ host: 'z', ver: '9.9.9', since: 5 },
    });
    await bench.until(() => !isHolding(holder), 5100);
    await bench.clock.advance(10);
    expect(views).toEqual(['following -', 'following z']);
    expect(holder.lease.view()).toMatchObject({ epoch: 9, isSure: false });
    expect(problemCodes(holder)).toEqual(['CLUSTER_LEASE_OVERWRITTEN']);
    await bench.until(() => isHolding(holder));
    expect(holder.lease.view().epoch).toBe(10);
  });

  test('is unsure 10 s after the start of its last confirmed call, and sure again with the next', async () => {
    const node = started('a');
    await bench.until(() => isHolding(node));
    const changes: boolean[] = [];
    node.lease.onChange(({ isSure }) => changes.push(isSure));
    node.before = () => Promise.reject(new Error('down'));
    await bench.clock.advance(9900);
    expect(node.lease.mayDelete()).toBe(true);
    await bench.clock.advance(100);
    expect(node.lease.mayDelete()).toBe(false);
    expect(node.lease.view()).toMatchObject({ role: 'holding', isSure: false });
    expect(problemCodes(node)).toEqual(['CLUSTER_DATABASE_FAILING', 'CLUSTER_LEASE_UNSURE']);
    node.before = () => Promise.resolve();
    await bench.clock.advance(1000);
    expect(node.lease.mayDelete()).toBe(true);
    expect(node.lease.problems()).toEqual([]);
    // Failing at 6 s, unsure at 10 s, and back.
    expect(changes).toEqual([true, false, true]);
  });

  test('counts from the start of a call, not from its answer', async () => {
    const node = started('a');
    await bench.until(() => isHolding(node));
    await bench.clock.advance(4000);
    // The next renewal is applied at once and answered 3 s later.
    node.after = () => new Promise((resolve) => void bench.clock.setTimer(3000, resolve));
    await bench.until(() => bench.record()?.['s'] === 2);
    await bench.clock.advance(3000);
    node.before = never;
    await bench.clock.advance(6900);
    expect(node.lease.mayDelete()).toBe(true);
    await bench.clock.advance(200);
    expect(node.lease.mayDelete()).toBe(false);
  });

  test('goes on when the answer of a renewal was lost but the renewal was written', async () => {
    const { holder, follower } = await pair();
    let lost = 0;
    holder.after = (method) => (method === 'swap' && lost++ === 0 ? never() : Promise.resolve());
    await bench.clock.advance(60_000);
    expect(lost).toBeGreaterThan(1);
    expect(isHolding(holder)).toBe(true);
    expect(holder.lease.view().epoch).toBe(1);
    expect(isHolding(follower)).toBe(false);
    expect(problemCodes(holder)).toEqual([]);
  });

  test('goes on when a written renewal answers with an error, many times in a row', async () => {
    const { holder, follower } = await pair();
    let count = 0;
    holder.after = () =>
      count++ < 9 ? Promise.reject(new Error('connection reset')) : Promise.resolve();
    await bench.clock.advance(30_000);
    expect(isHolding(holder)).toBe(true);
    expect(isHolding(follower)).toBe(false);
  });

  test('learns from its first call after a standstill that another node took over', async () => {
    const { holder, follower } = await pair();
    // A stopped process: its clock runs on, its calls and timers do not.
    let resume: () => void = () => undefined;
    const stopped = new Promise<void>((resolve) => (resume = resolve));
    holder.before = () => stopped;
    await bench.until(() => isHolding(follower));
    expect(holder.lease.mayDelete()).toBe(false);
    expect(isHolding(holder)).toBe(true);
    holder.before = () => Promise.resolve();
    resume();
    await bench.clock.advance(300);
    expect(isHolding(holder)).toBe(false);
    expect(follower.lease.mayDelete()).toBe(true);
    expect(holder.lease.problems()).toMatchObject([
      { code: 'CLUSTER_TWO_COLLECTORS', severity: 'warning' },
    ]);
    expect(holder.lease.problems()[0]?.message).toContain('host-b');
    await bench.clock.advance(60 * 60 * 1000);
    expect(holder.lease.problems()).toEqual([]);
  });

  test('confirms at once when poked, and not more often than four times a second', async () => {
    const node = started('a');
    await bench.until(() => isHolding(node));
    await bench.clock.advance(1000);
    const before = node.calls.length;
    node.lease.poke();
    await bench.clock.advance(1);
    expect(node.calls.length).toBe(before + 1);
    for (let at = 0; at < 1000; at++) {
      node.lease.poke();
      await bench.clock.advance(1);
    }
    expect(node.calls.length - before).toBeLessThanOrEqual(6);
  });

  test('takes the lease again with a higher epoch when its record was deleted', async () => {
    const { holder } = await pair();
    await bench.database.connect().kvDelete('lead');
    await bench.clock.advance(9000);
    expect(nodes.filter(isHolding)).toHaveLength(1);
    expect(bench.record()?.['e']).toBe(2);
    expect(holder.lease.problems().length).toBeLessThan(2);
  });
});

describe('the wall clock', () => {
  test.each([3_600_000, -3_600_000])(
    'may step by %d ms: deletions pause, nothing else',
    async (step) => {
      const { holder, follower } = await pair();
      expect(holder.lease.mayDelete()).toBe(true);
      bench.clock.stepWall(step);
      expect(holder.lease.mayDelete()).toBe(false);
      expect(holder.lease.view().isSure).toBe(true);
      await bench.clock.advance(5000);
      expect(holder.lease.mayDelete()).toBe(true);
      await bench.clock.advance(60_000);
      expect(isHolding(holder)).toBe(true);
      expect(isHolding(follower)).toBe(false);
      expect(holder.lease.view().epoch).toBe(1);
      expect([...holder.lease.problems(), ...follower.lease.problems()]).toEqual([]);
    },
  );

  test('stops deletions after a suspension that the monotonic clock did not see', async () => {
    const node = started('a');
    await bench.until(() => isHolding(node));
    bench.clock.stepWall(60_000);
    expect(node.lease.mayDelete()).toBe(false);
  });

  test('stops deletions when the suspension fell into the confirming call', async () => {
    const node = started('a');
    await bench.until(() => isHolding(node));
    node.after = async () => bench.clock.stepWall(60_000);
    await bench.clock.advance(5000);
    node.after = () => Promise.resolve();
    expect(node.lease.mayDelete()).toBe(false);
    await bench.clock.advance(5000);
    expect(node.lease.mayDelete()).toBe(true);
  });
});

describe('records that are not ours', () => {
  const hostile: [string, unknown, string[]][] = [
    ['no JSON', new TextEncoder().encode('{"v":1,"e":'), ['CLUSTER_LEASE_UNREADABLE']],
    ['no UTF-8', Uint8Array.of(0xff, 0xfe, 0x00), ['CLUSTER_LEASE_UNREADABLE']],
    ['the mutex of the Go plugin', Uint8Array.of(1), ['CLUSTER_LEASE_UNREADABLE']],
    ['huge', new Uint8Array(2_000_000).fill(0x20), ['CLUSTER_LEASE_UNREADABLE']],
    ['an epoch beyond belief', { v: 1, e: 1e308, s: 1, st: 'held' }, ['CLUSTER_LEASE_UNREADABLE']],
    ['a newer version', { v: 7, e: 30, anything: [1] }, ['CLUSTER_LEASE_VERSION']],
  ];

  test.each(hostile)('%s: watched, told, taken over', async (_name, value, codes) => {
    await bench.write(value);
    const node = started('a');
    await bench.clock.advance(14_000);
    expect(isHolding(node)).toBe(false);
    expect(problemCodes(node)).toEqual(codes);
    await bench.clock.advance(1100);
    expect(node.lease.view()).toMatchObject({ role: 'holding', isSure: true });
    expect(node.lease.problems()).toEqual([]);
  });

  test('takes the epoch of a newer version into account', async () => {
    await bench.write({ v: 7, e: 30 });
    const node = started('a');
    await bench.until(() => isHolding(node));
    expect(node.lease.view().epoch).toBe(31);
  });

  test('leaves a newer version alone that renews', async () => {
    const node = started('a');
    for (let at = 0; at < 20; at++) {
      await bench.write({ v: 2, e: 30, beat: at });
      await bench.clock.advance(5000);
      if (at > 0) expect(isHolding(node)).toBe(false);
    }
  });

  test('starts epochs anew when the highest possible one was forged', async () => {
    const forged = {
      v: 1,
      s: 1,
      st: 'held',
      id: 'z',
      boot: 'z',
      pid: 1,
      host: 'z',
      ver: '',
      since: 0,
    };
    await bench.write({ ...forged, e: 2 ** 48 });
    const node = started('a');
    await bench.until(() => isHolding(node));
    expect(node.lease.view().epoch).toBe(1);
  });
});

describe('a claim without an answer', () => {
  test('that was written is held from its next confirmation on', async () => {
    const node = add('a');
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
    const node = add('a');
    let count = 0;
    node.before = (method) => (method === 'swap' && count++ === 0 ? never() : Promise.resolve());
    node.lease.start();
    await bench.until(() => isHolding(node), 8000);
    expect(bench.record()).toMatchObject({ e: 1, s: 1 });
  });

  test('that another node forestalled is given up', async () => {
    const node = add('a');
    node.before = (method) => (method === 'swap' ? never() : Promise.resolve());
    node.lease.start();
    await bench.clock.advance(1000);
    const other = started('b');
    await bench.until(() => isHolding(other));
    node.before = () => Promise.resolve();
    await bench.clock.advance(30_000);
    expect(isHolding(node)).toBe(false);
    expect(node.lease.view().holder?.id).toBe('b');
  });
});

describe('a release', () => {
  test('tells listeners before the record is free, and is final', async () => {
    const { holder, follower } = await pair();
    const seen: unknown[] = [];
    holder.lease.onChange(({ role }) => seen.push([role, bench.record()?.['st']]));
    await holder.lease.release();
    expect(seen).toEqual([['following', 'held']]);
    await follower.lease.release();
    const { length } = holder.calls;
    await bench.clock.advance(120_000);
    holder.lease.poke();
    holder.lease.start();
    await bench.clock.advance(1000);
    expect(holder.calls).toHaveLength(length);
    expect(holder.lease.mayDelete()).toBe(false);
  });

  test('of a follower writes nothing', async () => {
    const { holder, follower } = await pair();
    const { writes } = bench.database;
    await follower.lease.release();
    expect(bench.database.writes).toBe(writes);
    expect(isHolding(holder)).toBe(true);
  });

  test('before the start does nothing and forbids it', async () => {
    const node = add('a');
    await node.lease.release();
    node.lease.start();
    await bench.clock.advance(10_000);
    expect(node.calls).toEqual([]);
  });

  test.each([
    ['hangs', never],
    ['fails', () => Promise.reject(new Error('down'))],
  ])('ends within 4 s when the database %s', async (_name, before) => {
    const { holder } = await pair();
    holder.before = before;
    holder.lease.poke();
    await bench.clock.advance(100);
    let isDone = false;
    void holder.lease.release().then(() => (isDone = true));
    await bench.clock.advance(4001);
    expect(isDone).toBe(true);
  });

  test('waits for a renewal that is under way and frees what it wrote', async () => {
    const holder = await lonely();
    holder.after = () => new Promise((resolve) => void bench.clock.setTimer(500, resolve));
    holder.lease.poke();
    await bench.clock.advance(10);
    void holder.lease.release();
    await bench.clock.advance(1100);
    expect(bench.record()).toMatchObject({ st: 'free' });
  });

  test('frees the record of a renewal whose answer never comes', async () => {
    const holder = await lonely();
    let count = 0;
    holder.after = () => (count++ === 0 ? never() : Promise.resolve());
    holder.lease.poke();
    await bench.clock.advance(10);
    void holder.lease.release();
    await bench.clock.advance(4000);
    expect(bench.record()).toMatchObject({ st: 'free' });
  });

  test('frees a claim that was written but not answered', async () => {
    const node = add('a');
    let count = 0;
    node.after = (method) => (method === 'swap' && count++ === 0 ? never() : Promise.resolve());
    node.lease.start();
    await bench.until(() => bench.record() !== undefined);
    void node.lease.release();
    await bench.clock.advance(4000);
    expect(bench.record()).toMatchObject({ st: 'free' });
  });

  test('never frees the record of another node', async () => {
    const { holder, follower } = await pair();
    holder.before = never;
    await bench.until(() => isHolding(follower));
    holder.before = () => Promise.resolve();
    void holder.lease.release();
    await bench.clock.advance(4000);
    expect(bench.record()).toMatchObject({ st: 'held', id: 'b' });
    expect(isHolding(follower)).toBe(true);
  });

  test('repeats what the database refused', async () => {
    const holder = await lonely();
    let count = 0;
    holder.before = () => (count++ < 2 ? Promise.reject(new Error('busy')) : Promise.resolve());
    void holder.lease.release();
    await bench.clock.advance(1000);
    expect(bench.record()).toMatchObject({ st: 'free' });
  });
});

describe('what goes wrong in the house', () => {
  test('a listener that throws is logged and harms nobody', async () => {
    const lines: [string, LogFields | undefined][] = [];
    const logger: Logger = {
      ...silentLogger,
      error: (message, fields) => void lines.push([message, fields]),
    };
    const node = add('a', { logger });
    node.lease.onChange(() => {
      throw new Error('listener');
    });
    let heard = 0;
    const stop = node.lease.onChange(() => heard++);
    node.lease.start();
    await bench.until(() => isHolding(node));
    expect(heard).toBeGreaterThan(0);
    expect(lines[0]?.[0]).toBe('A listener of the lease failed.');
    stop();
  });

  test('a defect in a port is logged and the lease goes on', async () => {
    const lines: string[] = [];
    const logger: Logger = { ...silentLogger, error: (message) => void lines.push(message) };
    const holder = started('a', { identity: { boot: 'one', pid: 7 } });
    await bench.until(() => isHolding(holder));
    kill(holder);
    const again = started('a', {
      logger,
      identity: { boot: 'two', pid: 8 },
      isPidAlive: () => {
        throw new Error('defect');
      },
    });
    await bench.clock.advance(3000);
    expect(lines[0]).toBe('The lease met a defect and goes on.');
    expect(isHolding(again)).toBe(false);
  });
});
