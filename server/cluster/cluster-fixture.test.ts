import { beforeEach, describe, expect, test } from '@jest/globals';
import { FakeClock } from '../../lib/runtime/index.ts';
import { FakeClusterEvents, FakeKvDatabase, type KvApi } from './cluster-fixture.ts';

// The fake answers as the server does; what the plugin relies on is held here, row by row.

let clock: FakeClock;
let database: FakeKvDatabase;
let kv: KvApi;

beforeEach(() => {
  clock = new FakeClock();
  database = new FakeKvDatabase(clock);
  kv = database.connect();
});

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (value: Uint8Array | undefined) =>
  value === undefined ? undefined : new TextDecoder().decode(value);

describe('the key-value store', () => {
  test('takes an empty value for none', async () => {
    await kv.kvSet('k', bytes('a'));
    await kv.kvSet('k', new Uint8Array());
    expect(await kv.kvGet('k')).toBeUndefined();
    expect(await kv.kvCompareAndSet('k', new Uint8Array(), bytes('b'))).toBe(true);
    expect(text(await kv.kvGet('k'))).toBe('b');
  });

  test('compares bytes, and tells a lost insert in its log', async () => {
    expect(await kv.kvCompareAndSet('k', undefined, bytes('{"a":1}'))).toBe(true);
    expect(await kv.kvCompareAndSet('k', undefined, bytes('b'))).toBe(false);
    expect(database.duplicateKeyErrors).toBe(1);
    expect(await kv.kvCompareAndSet('k', bytes('{ "a":1}'), bytes('b'))).toBe(false);
    expect(await kv.kvCompareAndSet('k', bytes('{"a":1}'), bytes('b'))).toBe(true);
    expect(database.duplicateKeyErrors).toBe(1);
  });

  test('keeps what was given and gives copies', async () => {
    const value = bytes('a');
    await kv.kvSet('k', value);
    value[0] = 0;
    const read = await kv.kvGet('k');
    expect(text(read)).toBe('a');
    read!.fill(0);
    expect(text(await kv.kvGet('k'))).toBe('a');
  });

  test('ends a value exactly at its time, by the clock of whoever asks', async () => {
    await kv.kvSetWithOptions('k', bytes('a'), { expireInSeconds: 10 });
    const fast = database.connect({ nowMs: () => clock.nowMs() + 5000 });
    await clock.advance(4999);
    expect(text(await fast.kvGet('k'))).toBe('a');
    await clock.advance(1);
    expect(await fast.kvGet('k')).toBeUndefined();
    expect(await fast.kvList(0, 10)).toEqual([]);
    expect(text(await kv.kvGet('k'))).toBe('a');
    // For the fast one it may be replaced as if it were not there; for the other one not.
    expect(await fast.kvCompareAndSet('k', bytes('a'), bytes('b'))).toBe(false);
    expect(await kv.kvCompareAndSet('k', undefined, bytes('b'))).toBe(false);
    expect(await fast.kvCompareAndSet('k', undefined, bytes('b'))).toBe(true);
  });

  test('takes a negative expiry for one that has passed', async () => {
    await kv.kvSetWithOptions('k', bytes('a'), { expireInSeconds: -1 });
    expect(await kv.kvGet('k')).toBeUndefined();
    expect(await kv.kvCompareAndSet('k', undefined, bytes('b'))).toBe(true);
  });

  test('deletes conditionally', async () => {
    await kv.kvSet('k', bytes('a'));
    const remove = (oldValue: Uint8Array) =>
      kv.kvSetWithOptions('k', undefined, { atomic: true, oldValue });
    expect(await remove(bytes('b'))).toBe(false);
    expect(await remove(bytes('a'))).toBe(true);
    expect(await kv.kvGet('k')).toBeUndefined();
  });

  test('refuses an old value without atomic, and keys of the server', async () => {
    const options = { oldValue: bytes('a') };
    await expect(kv.kvSetWithOptions('k', bytes('b'), options)).rejects.toThrow('old value');
    await expect(kv.kvSet('mmi_x', bytes('a'))).rejects.toThrow('bad key');
    await expect(kv.kvSet('', bytes('a'))).rejects.toThrow('bad key');
    await expect(kv.kvSet('k'.repeat(151), bytes('a'))).rejects.toThrow('bad key');
    await kv.kvSet('k'.repeat(150), bytes('a'));
  });

  test('reads from a replica that lags, and writes to the primary', async () => {
    const behind = database.connect({ lagMs: () => 1000 });
    await behind.kvSet('k', bytes('a'));
    expect(await behind.kvGet('k')).toBeUndefined();
    expect(await behind.kvList(0, 10)).toEqual([]);
    expect(await behind.kvCompareAndSet('k', bytes('a'), bytes('b'))).toBe(true);
    await clock.advance(1000);
    expect(text(await behind.kvGet('k'))).toBe('b');
    await behind.kvDelete('k');
    expect(text(await behind.kvGet('k'))).toBe('b');
    expect(await kv.kvGet('k')).toBeUndefined();
  });

  test('lists in pages by key, ten when none is said', async () => {
    for (let at = 0; at < 25; at++) await kv.kvSet(`k${String(at).padStart(2, '0')}`, bytes('a'));
    expect(await kv.kvList(0, 0)).toHaveLength(10);
    expect(await kv.kvList(2, 10)).toEqual(['k20', 'k21', 'k22', 'k23', 'k24']);
    expect(await kv.kvList(3, 10)).toEqual([]);
  });
});

test('events reach all others or the one that is named, never their sender', async () => {
  const events = new FakeClusterEvents(clock);
  const got: string[] = [];
  for (const id of ['a', 'b', 'c']) events.join(id, (event) => got.push(`${id} ${event.id}`));
  await events
    .api('a')
    .publishPluginClusterEvent({ id: '1', data: bytes('x') }, { sendType: 'reliable' });
  const toB = { sendType: 'reliable', targetId: 'b' } as const;
  await events.api('a').publishPluginClusterEvent({ id: '2', data: bytes('x') }, toB);
  expect(got).toEqual([]);
  await clock.advance(0);
  expect(got).toEqual(['b 1', 'c 1', 'b 2']);
});
