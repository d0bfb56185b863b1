import { defaultMaxSeries } from '../head/index.ts';
import type { StoreLimits } from './types.ts';

/** Time range of a block: what Prometheus cuts, so that its planner finds blocks as it likes them. */
export const defaultBlockRangeMs = 2 * 60 * 60 * 1000;

/** Committed samples are on the disk at the latest after this time; a power cut costs no more. */
export const syncDelayMs = 2500;

/** How often the store looks whether a block is due without a commit asking. */
export const maintainIntervalMs = 60_000;

/** Pause after a failed cut; it doubles from failure to failure up to the second number. */
export const firstCutRetryMs = 60_000;
export const lastCutRetryMs = 30 * 60_000;

/** Lengths of merged blocks in block ranges: 2 h, 6 h and 18 h, as Prometheus. */
export const mergeRanges: readonly number[] = [1, 3, 9];

/** Pause after a failed merge; it doubles from failure to failure up to the second number. */
export const firstMergeRetryMs = 60_000;
export const lastMergeRetryMs = 30 * 60_000;

/**
 * Pause after the WAL could not be written anew; it doubles from failure to failure up to the second
 * number. Short at first: until then a power cut costs all since the last block.
 */
export const firstRenewRetryMs = 10_000;
export const lastRenewRetryMs = 10 * 60_000;

/** Part of the free disk that a merge may fill; the rest is for the WAL. */
export const mergeSpaceShare = 0.25;

/** Samples of one WAL record; keeps records near the 64 KiB that Prometheus writes. */
export const maxSamplesPerRecord = 5000;

/** Series of one WAL record: encoding them is one slice of work on the main thread. */
export const maxSeriesPerRecord = 2000;

/** Samples that are appended between two looks at the clock: 6 ms when all of them end their chunks. */
export const samplesPerLook = 8192;

/** Pause after a page of closed chunks could not be moved out of memory. */
export const moveRetryMs = 60_000;

/** Damaged parts of a WAL that are kept for people: the newest so many. */
export const keptDamagedWals = 3;

/** Longest stretches of replay problems that are told one by one. */
export const maxReplayProblems = 20;

/** Ranges of time in the record of what was mended: far more than a WAL has segments. */
export const maxRecordedLosses = 1000;

/** Longest record of what was mended that is read: far more than its parts come to. */
export const maxRepairRecordBytes = 1024 * 1024;

export const defaultStoreLimits: StoreLimits = {
  maxSeries: defaultMaxSeries,
  // A commit holds one target's samples and a target has one scrape in flight: 1,024 targets.
  maxWaitingCommits: 1024,
  // Small against Prometheus' 128 MiB, so that a checkpoint frees space every block range.
  walSegmentBytes: 16 * 1024 * 1024,
  // Three hours of 11,000 series at 15 s: common installations never move a page.
  maxClosedBytes: 16 * 1024 * 1024,
  // As in Prometheus: a sample from the future would make all present ones too old.
  maxAheadMs: 10 * 60 * 1000,
};
