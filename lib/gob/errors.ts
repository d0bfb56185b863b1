/** Codes of {@link GobError}; the README says what each one means. */
export type GobErrorCode =
  | 'GOB_TRUNCATED'
  | 'GOB_BAD_FRAME'
  | 'GOB_TOO_LARGE'
  | 'GOB_BAD_INTEGER'
  | 'GOB_BAD_COUNT'
  | 'GOB_BAD_VALUE'
  | 'GOB_BAD_TYPE'
  | 'GOB_UNKNOWN_TYPE'
  | 'GOB_DUPLICATE_TYPE'
  | 'GOB_TOO_MANY_TYPES'
  | 'GOB_TOO_MANY_VALUES'
  | 'GOB_TOO_DEEP'
  | 'GOB_TRAILING_BYTES'
  | 'GOB_UNREGISTERED_NAME'
  | 'GOB_UNENCODABLE'
  | 'GOB_WRONG_KIND';

/** Where and how a {@link GobError} came about. */
export interface GobErrorDetails extends ErrorOptions {
  /** Offset inside the message that was being decoded. */
  offset?: number;
  /** Hex of the bytes around the offset. Not part of the text: values may be secret. */
  excerpt?: string;
  /** True when the framing itself is broken: nothing after it can be decoded. */
  isFatal?: boolean;
}

/** Bytes that are no gob, or a value that cannot be one. */
export class GobError extends Error {
  override readonly name = 'GobError';
  readonly code: GobErrorCode;
  readonly offset: number | undefined;
  readonly excerpt: string | undefined;
  readonly isFatal: boolean;

  constructor(code: GobErrorCode, message: string, details: GobErrorDetails = {}) {
    super(message, details.cause === undefined ? {} : { cause: details.cause });
    this.code = code;
    this.offset = details.offset;
    this.excerpt = details.excerpt;
    this.isFatal = details.isFatal ?? false;
  }
}
