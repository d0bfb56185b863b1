import { expect, test } from '@jest/globals';
import {
  silentLogger,
  type Clock,
  type LoopGuardOptions,
  type Logger,
} from '../../lib/runtime/index.ts';
import { blockedWarningMs, watchIntervalMs } from './limits.ts';
import { Watchdog } from './watchdog.ts';

/** A clock whose only timer fires when told, as late as told. */
function lateClock() {
  let now = 0;
  let pending: (() => void) | undefined;
  const clock: Clock = {
    nowMs: () => now,
    monotonicMs: () => now,
    setTimer: (_delayMs, run) => {
      pending = run;
      return { cancel: () => (pending = undefined) };
    },
  };
  const fireAfter = (ms: number) => {
    now += ms;
    pending?.();
  };
  return { clock, fireAfter, isWaiting: () => pending !== undefined };
}

test('tells how long the event loop stood still, each time', async () => {
  const { clock, fireAfter, isWaiting } = lateClock();
  const lines: unknown[] = [];
  const ignore = () => undefined;
  const logger: Logger = {
    debug: ignore,
    info: ignore,
    warn: (message, fields) => lines.push([message, fields]),
    error: ignore,
  };
  const watchdog = new Watchdog(clock, logger);
  watchdog.start();
  fireAfter(watchIntervalMs);
  fireAfter(watchIntervalMs + blockedWarningMs - 1);
  expect(lines).toEqual([]);
  fireAfter(watchIntervalMs + blockedWarningMs);
  fireAfter(watchIntervalMs + 7000);
  const line = (milliseconds: number) => [
    'The event loop was blocked',
    { code: 'LOOP_BLOCKED', milliseconds },
  ];
  expect(lines).toEqual([line(blockedWarningMs), line(7000)]);
  await watchdog.stop();
  expect(isWaiting()).toBe(false);
});

test('lets a guard outside of the loop write lines that the server reads', async () => {
  const { clock, fireAfter } = lateClock();
  const seen = { beats: 0, stops: 0 };
  let lines: LoopGuardOptions | undefined;
  const watchdog = new Watchdog(clock, silentLogger, (options) => {
    lines = options;
    return {
      beat: () => (seen.beats += 1),
      stop() {
        seen.stops += 1;
        return Promise.resolve();
      },
    };
  });
  watchdog.start();
  for (let i = 0; i < 3; i++) fireAfter(watchIntervalMs);
  await watchdog.stop();
  expect(seen).toEqual({ beats: 3, stops: 1 });
  // Before the server does: it pings at any time and waits ten seconds.
  expect((lines?.endBeats ?? 99) * (lines?.beatMs ?? 0)).toBeLessThan(10_000);
  const fields = { '@timestamp': '{time}', milliseconds: '{milliseconds}' };
  expect(JSON.parse(lines?.warning ?? '')).toMatchObject({ '@level': 'warn', ...fields });
  const ending = { '@level': 'error', stack: '{stack}', ...fields };
  expect(JSON.parse(lines?.ending ?? '')).toMatchObject(ending);
});
