/**
 * Series that are new, each as a known one but for the value of the same label, and what is found out about
 * them, column by column.
 */
export interface SeriesVariants {
  /** How many entries of the columns are in use. */
  readonly count: number;
  /** References of the known series. */
  readonly refs: Int32Array;
  /** The label that differs, and the values that it has. */
  readonly name: string;
  readonly values: readonly string[];
  /** Characters of the longest value. */
  readonly longestValue: number;
  /** The reference, or -1 where the `SeriesResolver` has to be asked. */
  readonly found: Int32Array;
  /** For the one who is asked: references of series that were made just now. */
  readonly added: Int32Array;
}
