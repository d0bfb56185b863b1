import type { ApiError } from '../../api/index.ts';

const refusals = [
  'DUMP_RANGE_INVALID',
  'DUMP_RANGE_REVERSED',
  'DUMP_RANGE_FUTURE',
  'DUMP_RANGE_EMPTY',
  'DUMP_FILTER_INVALID',
  'DUMP_REDACTION_INVALID',
  'DUMP_STEP_INVALID',
  'DUMP_NOT_REDACTED',
  'DUMP_QUEUE_FULL',
  'DUMP_BUSY',
  'DUMP_NO_SPACE',
  'DUMP_BAD_ID',
  'DUMP_NOT_FOUND',
  'DUMP_NOT_READY',
  'DUMP_NOT_CANCELLABLE',
  'DUMP_ARCHIVE_MISSING',
  'DUMP_STOPPED',
] as const;

const endsOfJobs = [
  'DUMP_CANCELLED',
  'DUMP_DISK_FULL',
  'DUMP_STORE_FULL',
  'DUMP_STORE_FAILED',
  'DUMP_DAMAGED',
  'DUMP_FILTER_EMPTY',
  'DUMP_VERIFY_FAILED',
  'DUMP_INTERRUPTED',
  'DUMP_TOO_LARGE',
  'DUMP_TOO_SLOW',
  'DUMP_FAILED',
] as const;

/** Codes of {@link DumpError}; docs/format/dump.md says what each one means. */
export type DumpErrorCode = (typeof refusals)[number] | (typeof endsOfJobs)[number];

const codes: readonly string[] = [...refusals, ...endsOfJobs];

/** A request about dumps that is refused, or the end of a job; the message is for the administrator. */
export class DumpError extends Error {
  override readonly name = 'DumpError';
  readonly code: DumpErrorCode;
  /** For a support engineer; may be empty. */
  readonly detail: string;

  constructor(
    code: DumpErrorCode,
    message: string,
    options: { detail?: string; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.detail = options.detail ?? '';
  }

  toApiError(): ApiError {
    return { code: this.code, message: this.message, detail: this.detail };
  }
}

type Sentence = readonly [DumpErrorCode, string];

const diskFull: Sentence = [
  'DUMP_DISK_FULL',
  'The disk of the data directory is full: make room there, or ask for a shorter range.',
];
const storeFailed: Sentence = [
  'DUMP_STORE_FAILED',
  'The file store failed: check the file storage settings and try again.',
];

/** What errors from below mean to a dump, by their code. */
const meanings: Readonly<Record<string, Sentence>> = {
  ENOSPC: diskFull,
  EDQUOT: diskFull,
  TSDB_DISK_FULL: diskFull,
  THREAD_CANCELLED: ['DUMP_CANCELLED', 'The dump was cancelled.'],
  TSDB_CANCELLED: ['DUMP_CANCELLED', 'The dump was cancelled.'],
  STORE_ABORTED: ['DUMP_CANCELLED', 'The dump was cancelled.'],
  ABORT_ERR: ['DUMP_CANCELLED', 'The dump was cancelled.'],
  STORE_FULL: ['DUMP_STORE_FULL', 'The file store is full: make room there, then try again.'],
  STORE_DENIED: storeFailed,
  STORE_UNREACHABLE: storeFailed,
  STORE_FAILED: storeFailed,
  STORE_SIZE_MISMATCH: storeFailed,
  STORE_TRUNCATED: storeFailed,
  THREAD_CRASHED: [
    'DUMP_FAILED',
    'The worker that builds dumps ended: try again, with a shorter range if it happens again.',
  ],
};

/** Any error as the end of a job. */
export function toDumpError(error: unknown): DumpError {
  if (error instanceof DumpError) return error;
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  const text = typeof message === 'string' ? message : String(error);
  const codeText = typeof code === 'string' ? code : '';
  // Our own errors come out of a worker by code and message only.
  if (isDumpCode(codeText)) return new DumpError(codeText, text, { cause: error });
  const [ownCode, sentence] = meanings[codeText] ?? [
    'DUMP_FAILED',
    'The dump could not be built: try again, and send the server log to support if it fails again.',
  ];
  const detail = codeText === '' ? text : `${codeText}: ${text}`;
  return new DumpError(ownCode, sentence, { detail, cause: error });
}

function isDumpCode(code: string): code is DumpErrorCode {
  return codes.includes(code);
}
