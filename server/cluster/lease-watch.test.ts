import { expect, test } from '@jest/globals';
import { FakeClock, seededRng } from '../../lib/runtime/index.ts';
import { encodeLease, type LeaseRecord } from './lease-record.ts';
import { LeaseWatch } from './lease-watch.ts';
import { freeJitterMs, takeoverMs } from './limits.ts';

const record: LeaseRecord = {
  ...{ epoch: 4, sequence: 9, state: 'free', id: 'a', boot: 'x', pid: 1 },
  ...{ host: 'host-a', version: '0.9.0', sinceMs: 5, untilMs: 6 },
};
const free = encodeLease(record).raw;
const held = encodeLease({ ...record, sequence: 10, state: 'held' }).raw;

test.each([
  ['a free lease', free],
  ['no lease', new Uint8Array()],
])('claims %s once, and not again because a replica shows what is past', async (_, stale) => {
  const clock = new FakeClock();
  const watch = new LeaseWatch(clock, seededRng(1), () => false);
  const see = (raw: Uint8Array) => watch.observe(raw, clock.monotonicMs());
  see(stale);
  await clock.advance(freeJitterMs);
  expect(watch.due?.raw).toEqual(stale);
  watch.refuse(watch.due!);
  // In turn from a replica that is up to date and from one that is not.
  for (let passedMs = 0; passedMs < takeoverMs - 3000; passedMs += 3000) {
    await clock.advance(1000);
    see(held);
    await clock.advance(1000);
    see(stale);
    await clock.advance(freeJitterMs);
    expect(watch.due).toBeUndefined();
  }
});
