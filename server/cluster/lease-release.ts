import { type Clock, sleep } from '../../lib/runtime/index.ts';
import type { LeaseCalls } from './lease-calls.ts';
import { encodeLease, parseLease, type StoredLease } from './lease-record.ts';
import { releaseRetryMs } from './limits.ts';

/**
 * Writes `free` over whichever of our records stands in the store, and repeats what fails until the
 * deadline. `nothing`: no record of ours stands there.
 */
export async function freeRecord(
  calls: LeaseCalls,
  ours: readonly StoredLease[],
  clock: Clock,
  deadlineMs: number,
): Promise<'free' | 'nothing' | 'failed'> {
  // Once for all attempts: what is repeated has the same bytes.
  const untilMs = Math.max(0, Math.floor(clock.nowMs()));
  for (;;) {
    let isAnswered = true;
    for (const { raw, record } of ours) {
      const leftMs = deadlineMs - clock.monotonicMs();
      if (leftMs <= 0) return 'failed';
      const sequence = record.sequence + 1;
      const free = encodeLease({ ...record, sequence, state: 'free', untilMs });
      const end = await calls.swap(raw, free.raw, leftMs);
      if (end.kind === 'answered' && end.value) return 'free';
      isAnswered &&= end.kind === 'answered';
    }
    if (isAnswered) return 'nothing';
    await sleep(clock, releaseRetryMs);
  }
}

/** Those of `raws` that the process `boot` wrote. */
export function recordsOf(raws: readonly Uint8Array[], boot: string): StoredLease[] {
  return raws.flatMap((raw) => {
    const parsed = parseLease(raw);
    const isOurs = parsed.kind === 'known' && parsed.record.boot === boot;
    return isOurs ? [{ raw, record: parsed.record }] : [];
  });
}
