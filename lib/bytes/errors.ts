/** Codes of {@link BytesError}. */
export type BytesErrorCode =
  'BYTES_TRUNCATED' | 'BYTES_OVERFLOW' | 'BYTES_BAD_UTF8' | 'BYTES_BAD_HEX';

/** Bytes that cannot be what they are said to be; `offset` is where reading failed. */
export class BytesError extends Error {
  override readonly name = 'BytesError';
  readonly code: BytesErrorCode;
  readonly offset: number;

  constructor(code: BytesErrorCode, message: string, offset: number) {
    super(`${message} at offset ${String(offset)}`);
    this.code = code;
    this.offset = offset;
  }
}
