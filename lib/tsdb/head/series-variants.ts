/**
 * Series that are wanted, each as a known one but for the value of the same label, column by column. The
 * fields with results are filled by who is asked for the references.
 */
export interface SeriesVariants {
  /** How many entries of the columns are in use. */
  readonly count: number;
  /** References of the known series. */
  readonly refs: Int32Array;
  /** The label that differs, and the values that it has. */
  readonly name: string;
  readonly values: readonly string[];
  /** Result: the reference, or -1 where it cannot be had so. */
  readonly found: Int32Array;
  /** Result: the references of the series that were made just now, as many as are told. */
  readonly added: Int32Array;
}
