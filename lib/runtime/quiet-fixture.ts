import { readdirSync, readFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { sleep, systemClock } from './clock.ts';

/** Looks in a row that must find nothing at work: an answer may be on its way between two of them. */
const quietLooks = 2;

/** Between two looks; whatever has come in is worked on meanwhile. */
const lookPauseMs = 1;

/** Turns that an event loop without work makes in a pause, and some for a timer of somebody else. */
const idleTurns = 4;

/** So long may work take on the most loaded of machines before it counts as never ending. */
const patienceMs = 60_000;

/**
 * Resolves when nothing in this process is at work but the caller: for a few pauses in a row nothing
 * comes in at the event loop, and no other thread runs, waits for a processor or for the disk. What is
 * not done by then waits for a clock or for another process. A test that moves its own clock calls
 * this first, lest its time run ahead of workers and files on a loaded machine.
 */
export async function quiet(): Promise<void> {
  const deadlineMs = systemClock.monotonicMs() + patienceMs;
  for (let looks = 0; looks < quietLooks; looks++) {
    const before = performance.nodeTiming.uvMetricsInfo;
    await sleep(systemClock, lookPauseMs);
    const { events, loopCount } = performance.nodeTiming.uvMetricsInfo;
    const isLoopIdle = events === before.events && loopCount - before.loopCount <= idleTurns;
    const busy = isLoopIdle ? busyThread() : 'the event loop';
    if (busy === undefined) continue;
    looks = -1;
    if (systemClock.monotonicMs() > deadlineMs) throw new Error(`never quiet: ${busy}`);
  }
}

/** State, from `/proc`, of a thread at work; also one of V8's own ones, on which others may wait. */
function busyThread(): string | undefined {
  for (const id of readdirSync('/proc/self/task')) {
    if (Number(id) === process.pid) continue;
    const stat = statOf(id);
    if (/\) [RD] /.test(stat)) return stat.slice(0, 60);
  }
  return undefined;
}

/** Empty when the thread has ended since it was listed. */
function statOf(id: string): string {
  try {
    return readFileSync(`/proc/self/task/${id}/stat`, 'latin1');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ESRCH') return '';
    throw error;
  }
}
