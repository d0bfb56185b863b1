/** Codes of {@link YamuxError}; the README says what each means. */
export type YamuxErrorCode =
  | 'YAMUX_BAD_VERSION'
  | 'YAMUX_BAD_TYPE'
  | 'YAMUX_BAD_FLAG'
  | 'YAMUX_BAD_STREAM_ID'
  | 'YAMUX_DUPLICATE_STREAM'
  | 'YAMUX_WINDOW_EXCEEDED'
  | 'YAMUX_CREDIT_OVERFLOW'
  | 'YAMUX_GO_AWAY'
  | 'YAMUX_KEEP_ALIVE'
  | 'YAMUX_TOO_MANY_PINGS'
  | 'YAMUX_SESSION_CLOSED'
  | 'YAMUX_STREAM_RESET'
  | 'YAMUX_STREAM_DESTROYED'
  | 'YAMUX_STREAM_ENDED'
  | 'YAMUX_TOO_MANY_STREAMS'
  | 'YAMUX_BACKLOG_FULL'
  | 'YAMUX_IDS_USED_UP';

/** Where in the session something went wrong. */
export interface YamuxErrorDetail {
  streamId?: number;
  /** Bytes received on the socket before the frame that is wrong. */
  offset?: number;
  /** Hex of the offending header. */
  excerpt?: string;
  cause?: unknown;
}

/** A session or a stream of it failed, or was used after its end. */
export class YamuxError extends Error {
  override readonly name = 'YamuxError';
  readonly code: YamuxErrorCode;
  readonly streamId: number | undefined;
  readonly offset: number | undefined;
  readonly excerpt: string | undefined;

  constructor(code: YamuxErrorCode, message: string, detail: YamuxErrorDetail = {}) {
    super(message, detail.cause === undefined ? undefined : { cause: detail.cause });
    this.code = code;
    this.streamId = detail.streamId;
    this.offset = detail.offset;
    this.excerpt = detail.excerpt;
  }
}
