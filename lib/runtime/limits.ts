/** How long a stopping thread may take before its `stop` rejects: a hung worker is fatal. */
export const threadStopMs = 30_000;

/** Old space of a thread's heap; buffers are not bounded by it. */
export const threadOldSpaceMb = 512;

/** Young space of a thread's heap: two halves of a third each, of which one is in use, and large objects. */
export const threadYoungSpaceMb = 12;

/** Bytes after which a sweep of buffers is due: well below what an engine lets gather. */
export const sweepPeriodBytes = 4 * 1024 * 1024;

/** How often a slice monitor looks; its figure can be too high by the work of this long, never too low. */
export const slicePeriodMs = 10;

/** How long a guard waits for the stack of a loop that stands still, before it ends the process without. */
export const guardStackMs = 1500;
