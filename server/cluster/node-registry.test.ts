import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { FakeClock, type Logger, silentLogger } from '../../lib/runtime/index.ts';
import { FakeKvDatabase, type KvApi, type KvConnection } from './cluster-fixture.ts';
import { maxNodes } from './limits.ts';
import type { NodeAnnouncement } from './node-record.ts';
import { NodeRegistry } from './node-registry.ts';

let clock: FakeClock;
let database: FakeKvDatabase;
let registries: NodeRegistry[];
let warnings: string[];

beforeEach(() => {
  clock = new FakeClock();
  database = new FakeKvDatabase(clock);
  registries = [];
  warnings = [];
});

afterEach(async () => {
  for (const registry of registries) void registry.leave();
  await clock.advance(2000);
  expect(clock.pendingTimers).toBe(0);
});

interface Options extends KvConnection {
  /** How far its wall clock is ahead. */
  aheadMs?: number;
  kv?: Partial<KvApi>;
  self?: Partial<NodeAnnouncement>;
  onAnnounced?: () => void;
}

function join(id: string, options: Options = {}): NodeRegistry {
  const logger: Logger = { ...silentLogger, warn: (message) => void warnings.push(message) };
  const registry = new NodeRegistry({
    kv: { ...database.connect(options), ...options.kv },
    clock: {
      nowMs: () => clock.nowMs() + (options.aheadMs ?? 0),
      monotonicMs: () => clock.monotonicMs(),
      setTimer: (delayMs, run) => clock.setTimer(delayMs, run),
    },
    logger,
    ...(options.onAnnounced && { onAnnounced: options.onAnnounced }),
    self: () => ({
      ...{ id, host: `host-${id}`, addresses: [`10.0.0.${id.charCodeAt(0)}`] },
      ...{ pluginVersion: '0.9.0', serverVersion: '11.1.0', mode: 'listener', ...options.self },
    }),
  });
  registry.start();
  registries.push(registry);
  return registry;
}

const ids = (registry: NodeRegistry) => registry.nodes().map(({ id }) => id);

test('nodes know each other within a minute, and each itself at once', async () => {
  const a = join('a', { self: { mode: 'scraper' } });
  expect(ids(a)).toEqual(['a']);
  await clock.advance(10);
  const b = join('b');
  await clock.advance(10);
  expect(ids(b)).toEqual(['a', 'b']);
  expect(ids(a)).toEqual(['a']);
  await clock.advance(60_000);
  expect(a.nodes()).toMatchObject([
    { id: 'a', host: 'host-a', mode: 'scraper', isSelf: true, pluginVersion: '0.9.0' },
    {
      ...{ id: 'b', host: 'host-b', mode: 'listener', isSelf: false, addresses: ['10.0.0.98'] },
      serverVersion: '11.1.0',
    },
  ]);
  expect(a.problems()).toEqual([]);
});

test('a refresh reads at once, however often it is asked for', async () => {
  const a = join('a');
  await clock.advance(10);
  join('b');
  await clock.advance(10);
  const { writes } = database;
  for (let at = 0; at < 100; at++) {
    a.refresh();
    await clock.advance(10);
  }
  expect(ids(a)).toEqual(['a', 'b']);
  expect(database.writes - writes).toBeLessThanOrEqual(6);
});

test('a node that leaves is gone, one that dies is gone after five minutes', async () => {
  const [a, b, c] = [join('a'), join('b'), join('c')];
  await clock.advance(61_000);
  expect(ids(a)).toEqual(['a', 'b', 'c']);
  await b.leave();
  a.refresh();
  await clock.advance(1000);
  expect(ids(a)).toEqual(['a', 'c']);
  expect(database.stored('node:b')).toBeUndefined();
  // It dies: nothing is written any more.
  void c.leave();
  await clock.advance(0);
  const raw = new TextEncoder().encode(
    JSON.stringify({ v: 1, id: 'c', host: 'host-c', addr: [], ver: '0.9.0', mode: 'listener' }),
  );
  await database.connect().kvSetWithOptions('node:c', raw, { expireInSeconds: 300 });
  a.refresh();
  await clock.advance(1000);
  expect(ids(a)).toEqual(['a', 'c']);
  await clock.advance(300_000);
  expect(ids(a)).toEqual(['a']);
});

test('does not believe a record that another clock keeps alive', async () => {
  // Far ahead: its records expire an hour late for everybody else.
  const a = join('a');
  const raw = new TextEncoder().encode(
    JSON.stringify({ v: 1, id: 'z', host: 'host-z', addr: [], ver: '0.9.0', mode: 'listener' }),
  );
  const ahead = database.connect({ nowMs: () => clock.nowMs() + 3_600_000 });
  await ahead.kvSetWithOptions('node:z', raw, { expireInSeconds: 300 });
  await clock.advance(61_000);
  expect(ids(a)).toEqual(['a', 'z']);
  // Nor does it miss what an early version of the plugin did not write.
  expect(a.nodes()[1]?.serverVersion).toBe('');
  await clock.advance(301_000);
  expect(database.stored('node:z')).toBeDefined();
  expect(ids(a)).toEqual(['a']);
});

test('a server that came back under another cluster id is shown once', async () => {
  const old = { host: 'host-a', addresses: ['10.0.0.9'] };
  void join('old', { self: old }).leave();
  await clock.advance(2000);
  const gone = {
    v: 1,
    id: 'old',
    host: 'host-a',
    addr: ['10.0.0.9'],
    ver: '0.9.0',
    mode: 'scraper',
  };
  const raw = new TextEncoder().encode(JSON.stringify(gone));
  await database.connect().kvSetWithOptions('node:old', raw, { expireInSeconds: 300 });
  const again = join('new', { self: old });
  const other = join('other');
  await clock.advance(61_000);
  expect(ids(again)).toEqual(['new', 'other']);
  expect(ids(other)).toEqual(['new', 'other']);
});

test('says when versions differ', async () => {
  const a = join('a');
  join('b', { self: { pluginVersion: '0.8.0' } });
  await clock.advance(61_000);
  expect(a.problems()).toMatchObject([{ code: 'CLUSTER_MIXED_VERSIONS', severity: 'warning' }]);
  expect(a.problems()[0]?.message).toContain('host-b 0.8.0');
});

test('greets once, when there is something to read', async () => {
  const a = join('a');
  await clock.advance(10);
  let greetings = 0;
  join('b', {
    onAnnounced: () => {
      greetings++;
      a.refresh();
    },
  });
  await clock.advance(300);
  expect(ids(a)).toEqual(['a', 'b']);
  await clock.advance(120_000);
  expect(greetings).toBe(1);
});

test('says when the clocks of two nodes differ, as soon as it is certain', async () => {
  const [a, b, c] = [join('a'), join('b', { aheadMs: 100_000 }), join('c', { aheadMs: 25_000 })];
  await clock.advance(10);
  a.refresh();
  await clock.advance(1000);
  expect(a.problems()).toMatchObject([
    {
      code: 'CLUSTER_CLOCK_SKEW',
      message: expect.stringMatching(/: host-b at least 100 s ahead\.$/),
    },
  ]);
  await clock.advance(130_000);
  expect(b.problems()[0]?.message).toMatch(/: host-a at least \d\d s behind, host-c at least/);
  expect(c.problems()).toMatchObject([{ code: 'CLUSTER_CLOCK_SKEW' }]);
  expect(c.problems()[0]?.message).not.toContain('host-a');
});

test('tells no clock apart by a record that is old, or that has no time', async () => {
  const old = { v: 1, id: 'z', host: 'z', addr: [], ver: '0.9.0', mode: 'listener' };
  for (const t of [clock.nowMs() - 299_000, 'x', null, 1e300, undefined]) {
    const raw = new TextEncoder().encode(JSON.stringify({ ...old, t }));
    await database.connect().kvSetWithOptions('node:z', raw, { expireInSeconds: 300 });
    const a = join('a');
    await clock.advance(10);
    expect(a.nodes()).toHaveLength(2);
    expect(a.problems()).toEqual([]);
    await a.leave();
  }
});

test('warns once of a database that fails, tries every 10 s, and goes on', async () => {
  let isDown = true;
  const calls: number[] = [];
  const kv = database.connect();
  const a = join('a', {
    kv: {
      kvSetWithOptions: (key, value, options) => {
        calls.push(clock.monotonicMs());
        return isDown
          ? Promise.reject(new Error('down'))
          : kv.kvSetWithOptions(key, value, options);
      },
    },
  });
  await clock.advance(35_000);
  expect(calls).toEqual([0, 10_000, 20_000, 30_000]);
  expect(warnings).toHaveLength(1);
  isDown = false;
  await clock.advance(60_000);
  expect(database.stored('node:a')).toBeDefined();
  expect(ids(a)).toEqual(['a']);
});

test('leaves within a second though the database hangs', async () => {
  const a = join('a', { kv: { kvDelete: () => new Promise(() => undefined) } });
  await clock.advance(10);
  let isDone = false;
  void a.leave().then(() => (isDone = true));
  await clock.advance(1000);
  expect(isDone).toBe(true);
});

describe('hostile records', () => {
  const good = { v: 1, id: 'z', host: 'z', addr: ['10.0.0.1'], ver: '1', mode: 'scraper' };
  const cases: [string, unknown, number][] = [
    ['good', good, 1],
    ['of a newer version with more in it', { ...good, v: 9, more: {} }, 1],
    ['no JSON', '{', 0],
    ['huge', 'x'.repeat(9000), 0],
    ['of another id', { ...good, id: 'y' }, 0],
    ['a host with control characters', { ...good, host: 'a\u001b[2J' }, 0],
    ['a host that is too long', { ...good, host: 'h'.repeat(300) }, 0],
    ['no version', { ...good, ver: undefined }, 0],
    ['a list', [good], 0],
    ['hostile addresses', { ...good, addr: ['<script>', 5, null, '::1', 'x'.repeat(99)] }, 1],
    ['a thousand addresses', { ...good, addr: Array.from({ length: 1000 }, () => '::1') }, 1],
  ];

  test.each(cases)('%s', async (_name, value, count) => {
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    await database.connect().kvSet('node:z', new TextEncoder().encode(text));
    const a = join('a');
    await clock.advance(10);
    const others = a.nodes().filter(({ isSelf }) => !isSelf);
    expect(others).toHaveLength(count);
    for (const { addresses } of others) {
      expect(addresses.length).toBeLessThanOrEqual(32);
      expect(addresses.every((address) => /^[0-9.:]+$/.test(address))).toBe(true);
    }
    expect(warnings).toEqual([]);
  });

  test('thousands of keys cost a bounded number of calls', async () => {
    const kv = database.connect();
    for (let at = 0; at < 2500; at++) await kv.kvSet(`job:${at}`, Uint8Array.of(1));
    for (let at = 0; at < 300; at++) {
      const id = `n${String(at).padStart(3, '0')}`;
      const record = { ...good, id, host: id };
      await kv.kvSet(`node:${id}`, new TextEncoder().encode(JSON.stringify(record)));
    }
    const { reads } = database;
    const a = join('a');
    await clock.advance(10);
    expect(a.nodes()).toHaveLength(maxNodes + 1);
    expect(database.reads - reads).toBeLessThanOrEqual(maxNodes);
  });
});
