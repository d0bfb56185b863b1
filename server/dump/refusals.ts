import { DumpError } from './errors.ts';
import { utcText } from './utc-text.ts';
import { maxAttempts, maxQueuedJobs } from './limits.ts';
import type { TimeRange } from './selection/index.ts';

/** The plugin stops. */
export function stopped(): DumpError {
  return new DumpError('DUMP_STOPPED', 'The plugin is stopping: try again in a moment.');
}

/** Too many jobs wait. */
export function queueFull(): DumpError {
  const message = `${String(maxQueuedJobs)} dumps are waiting already: wait for one, or cancel one.`;
  return new DumpError('DUMP_QUEUE_FULL', message);
}

/** The end of a job that was begun too often. */
export function interrupted(): DumpError {
  const message = `The dump was begun ${String(maxAttempts)} times and the plugin ended each time: choose a shorter range.`;
  return new DumpError('DUMP_INTERRUPTED', message);
}

/** The end of a dump whose filter no series of the range fits. */
export function filterEmpty(requested: TimeRange): DumpError {
  const asked = `from ${utcText(requested.fromMs)} to ${utcText(requested.toMs)}`;
  const message = `No series ${asked} fits the filter: check its nodes, jobs and metrics.`;
  return new DumpError('DUMP_FILTER_EMPTY', message);
}

/** The refusal of a range that holds no sample. */
export function rangeEmpty(requested: TimeRange, available?: TimeRange): DumpError {
  const asked = `from ${utcText(requested.fromMs)} to ${utcText(requested.toMs)}`;
  const hint =
    available === undefined
      ? 'Metrics appear here seconds after collecting has begun.'
      : `Available are ${utcText(available.fromMs)} to ${utcText(available.toMs)}.`;
  return new DumpError('DUMP_RANGE_EMPTY', `There are no metrics ${asked}. ${hint}`);
}

/** Refuses what the disk has no room for; nothing is known about a disk of which null is free. */
export function checkRoom(neededBytes: number, freeBytes: number | null): void {
  if (freeBytes === null || freeBytes >= neededBytes) return;
  const message = `Building this dump needs ${mib(neededBytes)} on the disk of the data directory, and ${mib(freeBytes)} are free: make room, or choose a shorter range.`;
  throw new DumpError('DUMP_NO_SPACE', message);
}

/** Refuses an archive that the file store's disk has no room for. */
export function archiveTooLarge(bytes: number, leftBytes: number): DumpError {
  const message = `The archive of this dump has about ${mib(bytes)}, and ${mib(leftBytes)} are free for it on the disk of the file store: make room there, choose a shorter range, or thin it out.`;
  return new DumpError('DUMP_STORE_FULL', message);
}

function mib(bytes: number): string {
  return `${String(Math.ceil(bytes / 1024 / 1024))} MiB`;
}
