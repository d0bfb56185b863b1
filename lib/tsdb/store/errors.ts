/** Codes of {@link StoreError}; the README of this library says what each one means. */
export type StoreErrorCode =
  | 'TSDB_BAD_LABELS'
  | 'TSDB_BUSY'
  | 'TSDB_CLOSED'
  | 'TSDB_CUT_FAILED'
  | 'TSDB_DELETE_FAILED'
  | 'TSDB_DISK_FULL'
  | 'TSDB_LOCKED'
  | 'TSDB_NO_BLOCK'
  | 'TSDB_SERIES_LIMIT'
  | 'TSDB_UNKNOWN_SERIES'
  | 'TSDB_WAL_IO';

/** What a {@link StoreError} is about; all fields are optional. */
export interface StoreErrorDetail {
  path?: string;
  /** Series reference that is not known (any more). */
  ref?: number;
  /** Process that holds the directory. */
  pid?: number;
  cause?: unknown;
}

/** A request that the local store cannot fulfil now. Nothing of it was stored. */
export class StoreError extends Error {
  override readonly name = 'StoreError';
  readonly code: StoreErrorCode;
  readonly path: string | undefined;
  readonly ref: number | undefined;
  readonly pid: number | undefined;

  constructor(code: StoreErrorCode, message: string, detail: StoreErrorDetail = {}) {
    super(message, detail.cause === undefined ? undefined : { cause: detail.cause });
    this.code = code;
    this.path = detail.path;
    this.ref = detail.ref;
    this.pid = detail.pid;
  }
}

/** The refusal of a reference that was never given out, or whose series is forgotten. */
export function unknownSeries(ref: number): StoreError {
  const message = `series reference ${String(ref)} is not known any more`;
  return new StoreError('TSDB_UNKNOWN_SERIES', message, { ref });
}

/** The refusal of a store that is closed, or closes. */
export function closed(): StoreError {
  return new StoreError('TSDB_CLOSED', 'the store is closed');
}
