import { say, toldAs, type ApiError, type KnownSentence } from '../../api/index.ts';
import { optionalSentence } from '../../api/read-sentence.ts';

/** A refusal with its HTTP status. The texts reach the administrator as they are. */
export class HttpError extends Error {
  override readonly name = 'HttpError';
  readonly status: number;
  readonly code: string;
  readonly error: ApiError;

  constructor(status: number, error: ApiError) {
    super(error.message);
    this.status = status;
    this.code = error.code;
    this.error = error;
  }

  toJSON(): ApiError {
    return this.error;
  }
}

/** What the API refuses by itself. */
export function httpError(status: number, code: string, sentence: KnownSentence): HttpError {
  return new HttpError(status, { code, ...toldAs(sentence), detail: '' });
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

/** What errors between nodes mean to whoever asked; their own texts are for support. */
const clusterSentences: Readonly<Record<string, KnownSentence>> = {
  CLUSTER_STOPPED: say('cluster.left'),
  CLUSTER_BUSY: say('cluster.busy'),
  CLUSTER_REFUSED: say('cluster.refused'),
  CLUSTER_UNKNOWN_KIND: say('cluster.unknown-kind'),
  CLUSTER_TIMEOUT: say('cluster.timeout'),
};

/** What express' body parser throws, by its `type`. */
const bodyErrors: Readonly<Record<string, () => HttpError>> = {
  'entity.too.large': () => httpError(413, 'BODY_TOO_LARGE', say('api.too-large')),
  'entity.parse.failed': () => httpError(400, 'BODY_NOT_JSON', say('api.not-json')),
  'encoding.unsupported': () => httpError(415, 'BODY_ENCODING', say('api.encoding')),
  'charset.unsupported': () => httpError(415, 'BODY_ENCODING', say('api.charset')),
  'request.aborted': () => httpError(400, 'BODY_CUT', say('api.cut')),
  'request.size.invalid': () => httpError(400, 'BODY_CUT', say('api.cut')),
};

/** The refusal that `error` stands for, or undefined when it is a defect of ours. */
export function asHttpError(error: unknown): HttpError | undefined {
  if (error instanceof HttpError) return error;
  if (typeof error !== 'object' || error === null) return undefined;
  const { type, code, status } = error as Partial<Record<string, unknown>>;
  if (typeof type === 'string' && bodyErrors[type] !== undefined) return bodyErrors[type]();
  if (typeof code === 'string' && error instanceof Error) {
    const statusOfPart = statusOfCode[code];
    if (statusOfPart !== undefined) return new HttpError(statusOfPart, partError(code, error));
  }
  // Express says of what it could not decode only that the client is to blame.
  return status === 400 ? httpError(400, 'REQUEST_UNREADABLE', say('api.unreadable')) : undefined;
}

/** What a part below refuses, in its own words where they are for the administrator. */
function partError(code: string, error: Error): ApiError {
  const { message } = error;
  const general = clusterSentences[code];
  if (general !== undefined) return { code, ...toldAs(general), detail: message };
  const sentence = optionalSentence((error as { sentence?: unknown }).sentence);
  return { code, message, detail: '', ...(sentence && { sentence }) };
}
