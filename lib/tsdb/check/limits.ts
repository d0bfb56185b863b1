/**
 * Label pairs of one index whose postings are compared with the series; about 100 bytes each. A
 * head of 500,000 series has fewer, and a merged block of such heads hardly more.
 */
export const maxTrackedPairs = 4_000_000;

/** Series references of one WAL that are remembered; about 50 bytes each. */
export const maxTrackedSeries = 4_000_000;

/** A range in meta.json that is empty for longer than this, and for longer than it is full, is told. */
export const looseRangeMs = 24 * 60 * 60 * 1000;

/**
 * Largest segment of a WAL that is read. Ours end at 16 MiB and those of Prometheus at 256 MiB; a file
 * of zeros, which takes no room on the disk, would be read for hours.
 */
export const maxWalSegmentBytes = 1024 * 1024 * 1024;
