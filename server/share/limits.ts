/** Largest meta.json taken from the file store; real ones have one or two kilobytes. */
export const maxMetaBytes = 1024 * 1024;

/** Most blocks in the catalog: 22 years of two-hour blocks; beyond it the prefix is not ours. */
export const maxCatalogBlocks = 100_000;

/** Most files of one block: chunk files have 512 MiB each, so that is half a terabyte. */
export const maxBlockFiles = 1000;

/** Unknown blocks that are looked at side by side: a remote store answers in tens of milliseconds. */
export const catalogConcurrency = 4;

/**
 * Age, by its ULID and by its newest file, at which a half block that nobody here owns is deleted; as
 * Thanos does. By its files too: an old block may just be on its way from a node that was away.
 */
export const orphanAgeMs = 48 * 60 * 60 * 1000;

/** How long a block that is in the file store stays on the local disk; as the Go plugin. */
export const localRetentionMs = 3 * 24 * 60 * 60 * 1000;

/** Below this much free space, local blocks that are in the file store are deleted, oldest first. */
export const diskShortBytes = 1024 * 1024 * 1024;

/** Below this much, also blocks that are nowhere else go: the WAL must be able to go on. */
export const diskFloorBytes = 64 * 1024 * 1024;

/** First pause after a failed sync; it doubles up to the sync period. */
export const firstBackOffMs = 10_000;

/** Sync that has failed this long is an error: local retention comes nearer. */
export const syncOverdueMs = 24 * 60 * 60 * 1000;

/** Gap between the blocks of one collector that is still no gap: at least as long as scrapes are apart. */
export const minCoverageGapMs = 5 * 60 * 1000;

/** Bytes that an upload reads from a file at once: each reading leaves that much to be collected. */
export const readBytes = 128 * 1024;

/** Samples that are further ahead of the clock are not stored, so no block of ours ends later. */
export const maxFutureMs = 10 * 60 * 1000;

/** A snapshot that failed longer ago was not tried again: another node collects by now. */
export const snapshotTroubleMs = 15 * 60 * 1000;
