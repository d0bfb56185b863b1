import { say } from '../../api/index.ts';
import { DumpError } from './errors.ts';
import { maxAttempts, maxQueuedJobs } from './limits.ts';
import type { TimeRange } from './selection/index.ts';

/** The plugin stops. */
export function stopped(): DumpError {
  return new DumpError('DUMP_STOPPED', say('dump.stopping'));
}

/** Too many jobs wait. */
export function queueFull(): DumpError {
  return new DumpError('DUMP_QUEUE_FULL', say('dump.queue-full', { limitCount: maxQueuedJobs }));
}

/** The end of a job that was begun too often. */
export function interrupted(): DumpError {
  const sentence = say('dump.interrupted', { attemptCount: maxAttempts });
  return new DumpError('DUMP_INTERRUPTED', sentence);
}

/** The end of a dump whose filter no series of the range fits. */
export function filterEmpty({ fromMs, toMs }: TimeRange): DumpError {
  const sentence = say('dump.filter-empty', { fromTime: fromMs, toTime: toMs });
  return new DumpError('DUMP_FILTER_EMPTY', sentence);
}

/** The refusal of a range that holds no sample. */
export function rangeEmpty({ fromMs, toMs }: TimeRange, available?: TimeRange): DumpError {
  const asked = { fromTime: fromMs, toTime: toMs };
  const sentence =
    available === undefined
      ? say('dump.range-empty.nothing', asked)
      : say('dump.range-empty', {
          ...asked,
          oldestTime: available.fromMs,
          newestTime: available.toMs,
        });
  return new DumpError('DUMP_RANGE_EMPTY', sentence);
}

/** Refuses what the disk has no room for; nothing is known about a disk of which null is free. */
export function checkRoom(neededBytes: number, freeBytes: number | null): void {
  if (freeBytes === null || freeBytes >= neededBytes) return;
  throw new DumpError('DUMP_NO_SPACE', say('dump.no-space', { neededBytes, freeBytes }));
}

/** Refuses an archive that the file store's disk has no room for. */
export function archiveTooLarge(archiveBytes: number, freeBytes: number): DumpError {
  return new DumpError('DUMP_STORE_FULL', say('dump.store-room', { archiveBytes, freeBytes }));
}
