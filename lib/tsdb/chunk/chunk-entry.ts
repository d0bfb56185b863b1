/** Encodings of chunk data that we name; others are copied as they are where that is possible. */
export const chunkEncoding = { xor: 1 } as const;

/** A chunk with its data, closed range `[mint, maxt]` of its samples' times in milliseconds. */
export interface ChunkEntry {
  readonly mint: number;
  readonly maxt: number;
  readonly numSamples: number;
  readonly data: Uint8Array;
  /** Encoding byte; XOR when absent. */
  readonly encoding?: number;
}

/** Where a chunk of a block lies and which times it covers, `[mint, maxt]` closed. */
export interface ChunkMeta {
  readonly mint: number;
  readonly maxt: number;
  /** Segment index (zero based) times 2^32 plus the offset in that segment file. */
  readonly ref: number;
}
