import type { Request, Response } from 'express';
import { expect, test } from '@jest/globals';
import { FakeClock } from '../../lib/runtime/index.ts';
import { maxRatedUsers } from './limits.ts';
import { createRate, limitRate } from './rate-limit.ts';

test('remembers as many users as it may, and forgets the one who was quiet longest', async () => {
  const clock = new FakeClock(0);
  const limit = limitRate(clock, { ...createRate, maxPerPeriod: 1 });
  const isLet = async (userId: string) => {
    try {
      const request = { header: () => userId } as unknown as Request;
      await limit(request, { setHeader: () => undefined } as unknown as Response, () => undefined);
      return true;
    } catch (error) {
      expect(error).toMatchObject({ status: 429, code: 'DUMP_TOO_MANY' });
      return false;
    }
  };
  for (let at = 0; at < maxRatedUsers; at++) expect(await isLet(`user ${String(at)}`)).toBe(true);
  expect(await isLet('user 0')).toBe(false);
  expect(await isLet('one more')).toBe(true);
  expect([await isLet('user 0'), await isLet('user 2')]).toEqual([true, false]);
});
