import { expect, test } from '@jest/globals';
import { seededRng, systemClock } from '../../lib/runtime/index.ts';
import { makeCollector, serverTarget, testSettings } from './collector-fixture.ts';

const seed = Number(process.env['SEED'] ?? systemClock.nowMs() % 1_000_000_007);
const scrapeIntervalMs = 60_000;
const days = 3;

test(`samples lie on ticks for days, however timers and the wall clock wobble (seed ${String(seed)})`, async () => {
  const { u32 } = seededRng(seed);
  const { clock, store, fetcher, collector } = await makeCollector();
  const setTimer = clock.setTimer.bind(clock);
  // Timers fire late on a busy machine, and now and then a little early.
  clock.setTimer = (delayMs, run) => setTimer(Math.max(0, delayMs + (u32() % 45) - 2), run);
  fetcher.answers.set(serverTarget.port, 'a 1\n');
  collector.start({ targets: [serverTarget], problems: [] }, { ...testSettings, scrapeIntervalMs });
  const hours = days * 24;
  for (let hour = 0; hour < hours; hour++) {
    await clock.advance(60 * 60_000);
    // What a time daemon corrects; larger steps are faults and leave a gap with their reason.
    clock.stepWall((u32() % 601) - 300);
  }
  await clock.advance(0);
  // A timer that is early must not bring the same tick twice.
  expect(collector.summary().failures).toBe(0);
  await collector.stop();
  const [, ...times] = store.samples('a').map(({ timeMs }) => timeMs);
  const first = times[0]!;
  expect(times).toEqual(times.map((_, at) => first + at * scrapeIntervalMs));
  expect(times.length).toBeGreaterThanOrEqual(hours * 60 - 2);
  expect(fetcher.mostUnderWay).toBe(1);
});
