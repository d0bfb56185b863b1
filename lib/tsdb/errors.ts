import { toHex } from '../bytes/index.ts';

/** Codes of {@link TsdbError}; the README of this library says what each one means. */
export type TsdbErrorCode =
  | 'TSDB_BAD_CHECKSUM'
  | 'TSDB_BAD_MAGIC'
  | 'TSDB_BAD_META'
  | 'TSDB_BAD_ULID'
  | 'TSDB_BAD_VERSION'
  | 'TSDB_CHUNK_CORRUPT'
  | 'TSDB_CHUNK_ENCODING'
  | 'TSDB_CHUNK_FULL'
  | 'TSDB_CORRUPT'
  | 'TSDB_IO'
  | 'TSDB_LIMIT'
  | 'TSDB_OUT_OF_ORDER'
  | 'TSDB_TIME_RANGE'
  | 'TSDB_TRUNCATED'
  | 'TSDB_WAL_COMPRESSED'
  | 'TSDB_WAL_CORRUPT'
  | 'TSDB_WAL_TORN';

/** Where and on what a {@link TsdbError} happened; all fields are optional. */
export interface TsdbErrorDetail {
  /** Byte offset in the file or buffer that was read. */
  offset?: number;
  /** File or directory, where there is one. */
  path?: string;
  /** Segment number of a WAL or of a block's chunks. */
  segment?: number;
  /** Bytes at the place of failure; at most the first {@link excerptBytes} are kept, as hex. */
  bytes?: Uint8Array;
  cause?: unknown;
}

const excerptBytes = 16;

/** Stored data or input that cannot be used, or a limit that was reached. */
export class TsdbError extends Error {
  override readonly name = 'TsdbError';
  readonly code: TsdbErrorCode;
  readonly offset: number | undefined;
  readonly path: string | undefined;
  readonly segment: number | undefined;
  /** Hex of the first bytes at {@link offset}. */
  readonly excerpt: string | undefined;

  constructor(code: TsdbErrorCode, message: string, detail: TsdbErrorDetail = {}) {
    super(
      message + describe(detail),
      detail.cause === undefined ? undefined : { cause: detail.cause },
    );
    this.code = code;
    this.offset = detail.offset;
    this.path = detail.path;
    this.segment = detail.segment;
    this.excerpt = detail.bytes === undefined ? undefined : toHex(detail.bytes, excerptBytes);
  }
}

function describe(detail: TsdbErrorDetail): string {
  let text = '';
  if (detail.segment !== undefined) text += ` in segment ${String(detail.segment)}`;
  if (detail.offset !== undefined) text += ` at offset ${String(detail.offset)}`;
  if (detail.path !== undefined) text += ` of ${detail.path}`;
  return text;
}
