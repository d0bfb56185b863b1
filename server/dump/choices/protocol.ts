/** `dump.values` */
export interface ValuesRequest {
  /** Directories of blocks; of one only its index and its `meta.json` have to be there. */
  dirs: readonly string[];
  budgetMs: number;
}

/** What series of a block are told apart by, as far as a dump can be limited to it. */
export interface BlockValues {
  /** Without ports, in no order, each once. */
  hosts: string[];
  jobs: string[];
}

/** Answer of `dump.values`: one entry per directory, null for what was not or could not be looked at. */
export type ValuesResult = (BlockValues | null)[];
