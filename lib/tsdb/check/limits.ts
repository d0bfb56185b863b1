/**
 * Label pairs of one index whose postings are compared with the series; about 100 bytes each. A
 * head of 500,000 series has fewer, and a merged block of such heads hardly more.
 */
export const maxTrackedPairs = 4_000_000;

/** Series references of one WAL that are remembered; about 50 bytes each. */
export const maxTrackedSeries = 4_000_000;

/** Bytes that are read at once where a stretch must be zero. */
export const zerosWindowBytes = 64 * 1024;

/** A range in meta.json that is empty for longer than this, and for longer than it is full, is told. */
export const looseRangeMs = 24 * 60 * 60 * 1000;
