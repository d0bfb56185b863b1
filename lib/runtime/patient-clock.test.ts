import { promisify } from 'node:util';
import { deflate } from 'node:zlib';
import { expect, test } from '@jest/globals';
import { sleep } from './index.ts';
import { PatientClock } from './patient-clock-fixture.ts';

test('lets time pass when nothing is at work, and hardly any while something is', async () => {
  const clock = new PatientClock();
  await sleep(clock, 50);
  const startMs = clock.monotonicMs();
  expect(startMs).toBeGreaterThanOrEqual(50);
  // Takes some 200 ms of the quickest machine.
  await promisify(deflate)(Buffer.alloc(30_000_000, 'metrics'));
  expect(clock.monotonicMs() - startMs).toBeLessThanOrEqual(40);
  await clock.stop();
});
