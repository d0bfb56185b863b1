import { expect, test } from '@jest/globals';
import type { Clock } from '../lib/runtime/index.ts';
import { RefusedSave } from './refused-save.ts';

test('tells why a save was refused until one goes through, or for a quarter of an hour', () => {
  let atMs = 0;
  const clock = { monotonicMs: () => atMs } as Clock;
  const save = new RefusedSave(clock);
  expect(save.problems()).toEqual([]);
  save.note('DBPath: must not be empty.');
  expect(save.problems()).toMatchObject([
    { code: 'SETTINGS_REFUSED', message: expect.stringContaining('DBPath: must not be empty.') },
  ]);
  save.note(undefined);
  expect(save.problems()).toEqual([]);
  save.note('DBPath: must not be empty.');
  atMs = 15 * 60_000;
  expect(save.problems()).toHaveLength(1);
  atMs++;
  expect(save.problems()).toEqual([]);
});
