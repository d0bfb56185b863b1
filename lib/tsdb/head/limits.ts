/** Samples a chunk aims at; what Prometheus aims at. */
export const targetSamples = 120;

/** A chunk is closed at this many samples even when its predicted end is far. */
export const maxSamples = 2 * targetSamples;

/** After this many samples the end of the chunk is predicted again. */
export const predictAtSamples = targetSamples / 4;

/** Bytes of a chunk at most, also in whole words. */
export const maxChunkBytes = 1024;

/** A chunk with more bytes than this is closed: 1,024 less the 19 that one sample may take. */
export const maxOpenBytes = maxChunkBytes - 19;

/**
 * Free pages of the arena of open chunks that are kept for the next who needs one, 4 MiB. While chunks grow,
 * pages of one size become free as those of the next are needed: as garbage they would lie about, tens of
 * megabytes with tens of thousands of series, until the engine looks at all that is old.
 */
export const maxSparePages = 16;

/** Bits that the time of one further sample takes at most, and its value. */
export const maxTimeBits = 4 + 64;
export const maxValueBits = 2 + 11 + 64;

/**
 * Series slots are numbered in 20 bits of a reference; the upper 12 count how often the slot was
 * used, so that a reference never means two series. A slot that was used 2,047 times is retired: references
 * stay below 2^31, so that a column of signed numbers holds them beside marks of another kind.
 */
export const slotBits = 20;
export const maxSlots = 1 << slotBits;
export const lastGeneration = 2046;

/** Series in the head unless the owner says otherwise: about 600 MB of private memory. */
export const defaultMaxSeries = 500_000;
