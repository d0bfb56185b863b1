/** First four bytes of an index file. */
export const indexMagic = 0xbaaad700;
/** The version that we write; 3 differs only in how others may encode postings, and reads alike. */
export const indexVersion = 2;
export const readableIndexVersions: readonly number[] = [2, 3];
export const indexHeaderBytes = 5;
/** Series entries begin at multiples of this, and refs are offsets divided by it. */
export const seriesAlignment = 16;
export const postingsAlignment = 4;
/** Six offsets and a checksum at the end of the file. */
export const tocBytes = 6 * 8 + 4;

/** Where the sections of an index begin. */
export interface IndexToc {
  readonly symbols: number;
  /** Byte behind the symbols, before the padding in front of the first series. */
  readonly series: number;
  /** End of the series section; the section itself is obsolete and empty. */
  readonly labelIndices: number;
  readonly labelOffsetTable: number;
  readonly postings: number;
  readonly postingsTable: number;
}
