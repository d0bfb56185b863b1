import type { ApiError } from '../../api/index.ts';

/** A refusal with its HTTP status. The texts reach the administrator as they are. */
export class HttpError extends Error {
  override readonly name = 'HttpError';
  readonly status: number;
  readonly code: string;
  readonly detail: string;

  constructor(status: number, code: string, message: string, detail = '') {
    super(message);
    this.status = status;
    this.code = code;
    this.detail = detail;
  }

  toJSON(): ApiError {
    return { code: this.code, message: this.message, detail: this.detail };
  }
}

/** HTTP status of the coded errors that the parts below throw; their messages are for the administrator. */
const statusOfCode: Readonly<Record<string, number>> = {
  DUMP_BAD_ID: 400,
  DUMP_RANGE_REVERSED: 400,
  DUMP_RANGE_FUTURE: 400,
  DUMP_RANGE_INVALID: 400,
  DUMP_RANGE_EMPTY: 422,
  DUMP_FILTER_INVALID: 400,
  DUMP_REDACTION_INVALID: 400,
  DUMP_STEP_INVALID: 400,
  DUMP_NOT_REDACTED: 404,
  DUMP_NOT_FOUND: 404,
  DUMP_NOT_READY: 409,
  DUMP_NOT_CANCELLABLE: 409,
  DUMP_ARCHIVE_MISSING: 410,
  DUMP_QUEUE_FULL: 429,
  DUMP_BUSY: 503,
  DUMP_NO_SPACE: 507,
  DUMP_DISK_FULL: 507,
  DUMP_STOPPED: 503,
  DUMP_FAILED: 503,
  CLUSTER_STOPPED: 503,
  CLUSTER_BUSY: 503,
  CLUSTER_REFUSED: 503,
  CLUSTER_UNKNOWN_KIND: 503,
  CLUSTER_TIMEOUT: 504,
  DUMP_STORE_FAILED: 502,
  DUMP_STORE_FULL: 507,
};

/** What express' body parser throws, by its `type`. */
const bodyErrors: Readonly<Record<string, () => HttpError>> = {
  'entity.too.large': () =>
    new HttpError(
      413,
      'BODY_TOO_LARGE',
      'The request is too large; a range needs two numbers only.',
    ),
  'entity.parse.failed': () =>
    new HttpError(400, 'BODY_NOT_JSON', 'The request is not JSON; send {"from": ms, "to": ms}.'),
  'encoding.unsupported': () =>
    new HttpError(
      415,
      'BODY_ENCODING',
      'The request is encoded in a way the plugin does not read.',
    ),
  'charset.unsupported': () => new HttpError(415, 'BODY_ENCODING', 'The request must be UTF-8.'),
  'request.aborted': () => new HttpError(400, 'BODY_CUT', 'The request ended before its end.'),
  'request.size.invalid': () => new HttpError(400, 'BODY_CUT', 'The request ended before its end.'),
};

/** The refusal that `error` stands for, or undefined when it is a defect of ours. */
export function asHttpError(error: unknown): HttpError | undefined {
  if (error instanceof HttpError) return error;
  if (typeof error !== 'object' || error === null) return undefined;
  const { type, code, message, status } = error as Partial<Record<string, unknown>>;
  if (typeof type === 'string' && bodyErrors[type] !== undefined) return bodyErrors[type]();
  if (typeof code === 'string' && typeof message === 'string') {
    const statusOfPart = statusOfCode[code];
    if (statusOfPart !== undefined) return new HttpError(statusOfPart, code, message);
  }
  // Express says of what it could not decode only that the client is to blame.
  return status === 400 ? unreadable() : undefined;
}

function unreadable(): HttpError {
  const message = 'The request cannot be read: its address or its body is not encoded properly.';
  return new HttpError(400, 'REQUEST_UNREADABLE', message);
}
