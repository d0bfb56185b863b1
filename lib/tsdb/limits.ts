/**
 * Largest distance of a time from the epoch, in milliseconds (about 71,000 years): the difference
 * of two differences of such times is still an exact number.
 */
export const maxTimeMs = 2 ** 51;

/** A chunk counts its samples in 16 bits. */
export const maxChunkSamples = 65_535;

/** Samples per chunk where we choose the size ourselves; what Prometheus aims at. */
export const targetChunkSamples = 120;

/**
 * Longest data of one chunk. 65,535 samples cost at most 19 bytes each; a larger length in a
 * segment file is damage, and believing it would allocate whatever the damage says.
 */
export const maxChunkBytes = 2 * 1024 * 1024;

/** A segment file of chunks is closed before it would grow past this; what Prometheus does. */
export const defaultSegmentBytes = 512 * 1024 * 1024;

/** Chunk references keep the segment in their upper 32 bits and must stay safe integers. */
export const maxChunkSegments = 2 ** 20;

/** Largest section of an index file that is read as a whole (symbols, postings table, one list). */
export const maxIndexSectionBytes = 1024 * 1024 * 1024;

/** Series refs are offsets divided by 16 in 32 bits, so an index ends at 64 GiB. */
export const maxIndexBytes = 16 * 2 ** 32;

/** Largest entry of one series in an index: a series with a chunk per second for a day has 1 MB. */
export const maxSeriesEntryBytes = 16 * 1024 * 1024;

/** Labels of one series; Prometheus servers are commonly set to 30 and rarely above 64. */
export const maxLabelsPerSeries = 1024;

/** Largest meta.json that is parsed; real ones have a few hundred bytes. */
export const maxMetaBytes = 1024 * 1024;

/** Largest tombstones file that is read; we write empty ones. */
export const maxTombstonesBytes = 64 * 1024 * 1024;

/** Largest WAL record that is put together from its fragments. */
export const maxWalRecordBytes = 64 * 1024 * 1024;

/** Bytes that a file source reads at once when less is asked for. */
export const fileWindowBytes = 256 * 1024;

/** Bytes that a file sink collects before it writes; a block is written through three of them. */
export const fileBufferBytes = 256 * 1024;
