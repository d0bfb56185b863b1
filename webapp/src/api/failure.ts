import type { Sentence } from '../../../api/index.ts';

/**
 * What kind of failure a request met, told apart because each asks something else of the reader.
 * `forbidden` is nothing to see, `denied` nothing to change; `overridden` is a setting that the
 * server's environment decides. `refused` is an answer of the API that says itself what is wrong.
 */
export type FailureKind =
  | 'offline'
  | 'timeout'
  | 'session'
  | 'forbidden'
  | 'denied'
  | 'disabled'
  | 'unreachable'
  | 'broken'
  | 'overridden'
  | 'refused';

/** A request that brought no usable answer. */
export class RequestFailure extends Error {
  readonly kind: FailureKind;
  /** HTTP status; 0 when there was no answer. */
  readonly status: number;
  /** Code of the API; `HTTP_<status>` or `NO_ANSWER` when there was none. */
  readonly code: string;
  /** More for a support engineer; may be empty. */
  readonly detail: string;
  readonly requestId: string;
  /** True when `message` is a sentence of the API for the reader, and not one of a program. */
  readonly isSaidByApi: boolean;
  /** The API's sentence for other languages. */
  readonly sentence: Sentence | undefined;

  constructor(fields: {
    kind: FailureKind;
    status: number;
    code: string;
    message: string;
    detail?: string;
    requestId?: string;
    isSaidByApi?: boolean;
    sentence?: Sentence;
    cause?: unknown;
  }) {
    super(fields.message, { cause: fields.cause });
    this.name = 'RequestFailure';
    this.kind = fields.kind;
    this.status = fields.status;
    this.code = fields.code;
    this.detail = fields.detail ?? '';
    this.requestId = fields.requestId ?? '';
    this.isSaidByApi = fields.isSaidByApi ?? false;
    this.sentence = fields.sentence;
  }
}

const ofOneAction: ReadonlySet<FailureKind> = new Set([
  'broken',
  'denied',
  'overridden',
  'refused',
]);

/** Kinds that concern the whole page: nothing on it works until they are gone. */
export function isPageWide(kind: FailureKind): boolean {
  return !ofOneAction.has(kind);
}

/** Kinds that asking again does not mend; somebody has to do something first. */
export function isFinal(kind: FailureKind): boolean {
  return kind === 'session' || kind === 'forbidden';
}

/** Turns anything thrown while loading into a failure that can be shown. */
export function toFailure(error: unknown): RequestFailure {
  if (error instanceof RequestFailure) {
    return error;
  }
  const message = error instanceof Error ? error.message : String(error);
  return new RequestFailure({
    kind: 'broken',
    status: 0,
    code: 'CONSOLE_FAULT',
    message,
    cause: error,
  });
}

/** The text a support engineer asks for, one field per line. */
export function failureDetails(failure: RequestFailure): string {
  const lines = [`code: ${failure.code}`];
  if (failure.status > 0) {
    lines.push(`status: ${String(failure.status)}`);
  }
  lines.push(`message: ${failure.message}`);
  if (failure.detail !== '') {
    lines.push(`detail: ${failure.detail}`);
  }
  if (failure.requestId !== '') {
    lines.push(`request: ${failure.requestId}`);
  }
  return lines.join('\n');
}
