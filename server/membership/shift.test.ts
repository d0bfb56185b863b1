import { expect, test } from '@jest/globals';
import { FakeClock, silentLogger } from '../../lib/runtime/index.ts';
import { Shift } from './shift.ts';

/** A shift whose work notes what it is asked, and whose clearing lasts until the test says so. */
function bench() {
  const clock = new FakeClock();
  const seen: string[] = [];
  let finishClear: (error?: Error) => void = () => undefined;
  const shift = new Shift(
    { clock, logger: silentLogger },
    {
      begin: () => void seen.push('begin'),
      end: async () => {
        seen.push('end');
        await Promise.resolve();
        seen.push('ended');
      },
      clear: (signal) => {
        seen.push('clear');
        return new Promise((resolve, reject) => {
          const breakOff = () => {
            seen.push('broken off');
            reject(new Error('aborted'));
          };
          finishClear = (error) => {
            signal.removeEventListener('abort', breakOff);
            if (error === undefined) resolve();
            else reject(error);
          };
          signal.addEventListener('abort', breakOff);
        });
      },
    },
  );
  return { clock, seen, shift, finishClear: (error?: Error) => finishClear(error) };
}

test('collects at once, and clears when another node does', async () => {
  const { clock, seen, shift, finishClear } = bench();
  shift.turn('collect');
  expect(seen.splice(0)).toEqual(['begin']);
  shift.turn('collect');
  shift.turn('listen');
  expect(seen.splice(0)).toEqual(['end']);
  await clock.advance(0);
  expect(seen.splice(0)).toEqual(['ended', 'clear']);
  expect(shift.duty).toBe('listen');
  finishClear(new Error('disk'));
  await clock.advance(30_000);
  expect(seen.splice(0)).toEqual(['clear']);
  finishClear();
  await clock.advance(60_000);
  await shift.stop();
  expect([seen, clock.pendingTimers]).toEqual([[], 0]);
});

test('breaks tidying up off when it is to collect again', async () => {
  const { clock, seen, shift } = bench();
  shift.turn('collect');
  shift.turn('listen');
  await clock.advance(0);
  shift.turn('collect');
  await clock.advance(0);
  expect(seen).toEqual(['begin', 'end', 'ended', 'clear', 'broken off', 'begin']);
  await shift.stop();
  expect(seen.slice(-2)).toEqual(['end', 'ended']);
  expect(clock.pendingTimers).toBe(0);
});

test('waits after a start whether it gets its turn back', async () => {
  const { clock, seen, shift } = bench();
  shift.turn('listen');
  await clock.advance(19_999);
  expect([seen, shift.duty]).toEqual([[], 'listen']);
  shift.turn('collect');
  await clock.advance(0);
  expect(seen).toEqual(['begin']);
  await shift.stop();
  shift.turn('listen');
  expect([shift.duty, clock.pendingTimers]).toEqual([undefined, 0]);
});
