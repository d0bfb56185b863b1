import { expect, test } from '@jest/globals';
import { setImmediate } from 'node:timers/promises';
import { runInNewContext } from 'node:vm';
import { collectGarbage } from './garbage-fixture.ts';

test('collects what nobody holds any more', async () => {
  const seen = new WeakRef(new ArrayBuffer(64));
  // What a weak reference was made of stays until then.
  await setImmediate();
  collectGarbage();
  expect(seen.deref()).toBeUndefined();
});

test('lets nobody else collect: what comes later in this process does not find it', () => {
  expect(runInNewContext('typeof gc')).toBe('undefined');
});
