/**
 * A call into a thread failed. `code` is one of the library's own (`THREAD_CRASHED`,
 * `THREAD_CANCELLED`, `THREAD_HUNG`, `THREAD_NO_METHOD`, `THREAD_NO_PARENT`, `THREAD_FAILED`) or
 * the code of the error that the handler threw.
 */
export class ThreadError extends Error {
  override readonly name = 'ThreadError';
  readonly code: string;
  /** What the handler's error had under this name; undefined when it had nothing. */
  readonly details: unknown;

  constructor(code: string, message: string, options: ErrorOptions & { details?: unknown } = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.code = code;
    this.details = options.details;
  }
}
