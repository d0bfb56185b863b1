import { expect, test } from '@jest/globals';
import { type Clock, type Logger } from '../../lib/runtime/index.ts';
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

test('tells how long the event loop stood still, each time', () => {
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
  const line = (milliseconds: number) => ['the event loop was blocked', { milliseconds }];
  expect(lines).toEqual([line(blockedWarningMs), line(7000)]);
  watchdog.stop();
  expect(isWaiting()).toBe(false);
});
