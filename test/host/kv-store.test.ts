import { expect, test } from '@jest/globals';
import { FakeClock } from '../../lib/runtime/index.ts';
import { KvStore } from './kv-store.ts';

const bytesOf = (text: string) => new TextEncoder().encode(text);

function create(): { kv: KvStore; clock: FakeClock; read: (key: string) => string | undefined } {
  const clock = new FakeClock();
  const kv = new KvStore(clock);
  const decoder = new TextDecoder();
  return {
    kv,
    clock,
    read: (key) => {
      const value = kv.get(key);
      return value === undefined ? undefined : decoder.decode(value);
    },
  };
}

test('stores, replaces and deletes; an empty value is no value', () => {
  const { kv, read } = create();
  expect(kv.set('k', bytesOf('a'))).toBe(true);
  expect(kv.set('k', bytesOf('b'))).toBe(true);
  expect(read('k')).toBe('b');
  kv.set('k', new Uint8Array());
  expect(read('k')).toBeUndefined();
});

test('writes atomically by the bytes that are stored', () => {
  const { kv, read } = create();
  const insert = { isAtomic: true };
  expect(kv.set('k', bytesOf('a'), insert)).toBe(true);
  expect(kv.set('k', bytesOf('b'), insert)).toBe(false);
  expect(kv.set('k', bytesOf('b'), { isAtomic: true, oldValue: bytesOf('x') })).toBe(false);
  expect(kv.set('k', bytesOf('b'), { isAtomic: true, oldValue: bytesOf('a') })).toBe(true);
  expect(read('k')).toBe('b');
  expect(kv.set('k', undefined, { isAtomic: true, oldValue: bytesOf('b') })).toBe(true);
  expect(read('k')).toBeUndefined();
  expect(kv.set('k', undefined, { isAtomic: true })).toBe(false);
});

test('forgets by its own clock', () => {
  const { kv, clock, read } = create();
  kv.set('k', bytesOf('a'), { expireInSeconds: 15 });
  clock.stepWall(14_999);
  expect(read('k')).toBe('a');
  expect(kv.set('k', bytesOf('b'), { isAtomic: true })).toBe(false);
  clock.stepWall(1);
  expect(read('k')).toBeUndefined();
  expect(kv.list(0, 10)).toEqual([]);
  expect(kv.set('k', bytesOf('b'), { isAtomic: true })).toBe(true);
});

test('lists in order and in pages of ten unless told', () => {
  const { kv } = create();
  const keys = Array.from({ length: 25 }, (_, at) => `k${String(at).padStart(2, '0')}`);
  for (const key of [...keys].reverse()) kv.set(key, bytesOf('v'));
  expect(kv.list(0, 0)).toEqual(keys.slice(0, 10));
  expect(kv.list(2, 10)).toEqual(keys.slice(20));
  expect(kv.list(3, 10)).toEqual([]);
});

test('refuses keys and options as the server does', () => {
  const { kv } = create();
  expect(kv.set('ü'.repeat(150), bytesOf('v'))).toBe(true);
  const refused = { status: 400 };
  const codeOf = (run: () => unknown) => {
    try {
      run();
    } catch (error) {
      return error;
    }
    return undefined;
  };
  expect(codeOf(() => kv.set('ü'.repeat(151), bytesOf('v')))).toMatchObject(refused);
  expect(codeOf(() => kv.set('', bytesOf('v')))).toMatchObject(refused);
  expect(codeOf(() => kv.set('k', bytesOf('v'), { oldValue: bytesOf('x') }))).toMatchObject(
    refused,
  );
});
