/** Bytes of a body that an error message repeats: enough to find the line, too few to leak much. */
export const excerptChars = 60;

/**
 * Most bytes of one sample line. A line is read in one go, so that its length bounds how long the
 * thread is held; the longest lines that real exporters write are some kilobytes.
 */
export const maxLineBytes = 1024 * 1024;

/**
 * How many lines of the previous body are searched for the line at hand before the whole body is.
 * Insertions and removals are local: families are sorted.
 */
export const resyncLines = 256;

/** Lines that are looked at first when a line is out of step: mostly one or two are gone. */
export const skippedLines = 4;

/**
 * Lines of a body that may be missing in their neighbourhood before all lines of the body before,
 * `count`, are indexed. Series that are new are told by the resolver for less than an index costs.
 */
export function missesBeforeIndex(count: number): number {
  return Math.max(128, count >>> 5);
}

/** Bytes that one step reads at most, whatever its budget of lines, beside one whole line. */
export const maxStepBytes = 256 * 1024;

/** Longest number that is read; a double is settled by far fewer digits. */
export const maxValueChars = 4096;

/** Most lines of a body, so that one made of empty lines does not cost a gigabyte of columns. */
export const maxBodyLines = 1_000_000;

/**
 * Most labels of a series. Each is compared with those before it, so that their number bounds how
 * long a line takes; exporters have some ten.
 */
export const maxLabels = 128;

/** Comments of one body that are searched for metadata: some 15 ms of work. */
export const maxMetadataComments = 20_000;

/** Lines for which memory is kept although the last accepted body is far smaller. */
export const idleLines = 65_536;

/** New lines of which it may be put off to find out their series: then it is done for all of them together. */
export const maxPutOffLines = 128;
