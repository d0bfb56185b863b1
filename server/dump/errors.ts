import {
  inEnglish,
  isKnownSentence,
  say,
  toldAs,
  type ApiError,
  type KnownSentence,
} from '../../api/index.ts';
import { optionalSentence } from '../../api/read-sentence.ts';

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

/** A request about dumps that is refused, or the end of a job; the sentence is for the administrator. */
export class DumpError extends Error {
  override readonly name = 'DumpError';
  readonly code: DumpErrorCode;
  readonly sentence: KnownSentence;
  /** For a support engineer; may be empty. */
  readonly detail: string;

  constructor(
    code: DumpErrorCode,
    sentence: KnownSentence,
    options: { detail?: string; cause?: unknown } = {},
  ) {
    const { cause, detail = '' } = options;
    super(inEnglish(sentence), cause === undefined ? undefined : { cause });
    this.code = code;
    this.sentence = sentence;
    this.detail = detail;
  }

  /** What comes out of a worker beside code and message. */
  get details(): KnownSentence {
    return this.sentence;
  }

  toApiError(): ApiError {
    const { code, detail, sentence } = this;
    return { code, ...toldAs(sentence), detail };
  }
}

type Meaning = readonly [DumpErrorCode, KnownSentence];

const diskFull: Meaning = ['DUMP_DISK_FULL', say('dump.disk-full')];
const cancelled: Meaning = ['DUMP_CANCELLED', say('dump.cancelled')];
const storeFailed: Meaning = ['DUMP_STORE_FAILED', say('dump.store-failed')];

/** What errors from below mean to a dump, by their code. */
const meanings: Readonly<Record<string, Meaning>> = {
  ENOSPC: diskFull,
  EDQUOT: diskFull,
  TSDB_DISK_FULL: diskFull,
  THREAD_CANCELLED: cancelled,
  TSDB_CANCELLED: cancelled,
  STORE_ABORTED: cancelled,
  ABORT_ERR: cancelled,
  STORE_FULL: ['DUMP_STORE_FULL', say('dump.store-full')],
  STORE_DENIED: storeFailed,
  STORE_UNREACHABLE: storeFailed,
  STORE_FAILED: storeFailed,
  STORE_SIZE_MISMATCH: storeFailed,
  STORE_TRUNCATED: storeFailed,
  THREAD_CRASHED: ['DUMP_FAILED', say('dump.worker')],
};

/** Any error as the end of a job. */
export function toDumpError(error: unknown): DumpError {
  if (error instanceof DumpError) return error;
  const { code, details, message } = (error ?? {}) as Partial<Record<string, unknown>>;
  const text = typeof message === 'string' ? message : String(error);
  const codeText = typeof code === 'string' ? code : '';
  const told = optionalSentence(details);
  // Our own errors come out of a worker by code and sentence only.
  if (isDumpCode(codeText) && told !== undefined && isKnownSentence(told)) {
    return new DumpError(codeText, told, { cause: error });
  }
  const [ownCode, sentence] = meanings[codeText] ?? ['DUMP_FAILED', say('dump.failed')];
  const detail = codeText === '' ? text : `${codeText}: ${text}`;
  return new DumpError(ownCode, sentence, { detail, cause: error });
}

function isDumpCode(code: string): code is DumpErrorCode {
  return codes.includes(code);
}
