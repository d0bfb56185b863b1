import {
  dumpArchivePath,
  type Dump,
  type DumpEstimate,
  type DumpList,
  type DumpRequest,
  type Status,
  type TargetList,
} from '../../../api/index.ts';
import * as answers from '../../../api/answers.ts';
import { RequestFailure, type FailureKind } from './failure.ts';
import type { Reader } from '../../../api/read.ts';

/** An answer that takes longer counts as no answer; the slowest route only reads local files. */
export const REQUEST_TIMEOUT_MS = 30_000;

export interface MetricsApiOptions {
  /** Address of the plugin on the site, for example `/plugins/<id>`. */
  pluginPath: () => string;
  csrfToken: () => string;
  fetch: (url: string, init: RequestInit) => Promise<Response>;
  timeoutMs?: number;
}

/** The plugin's HTTP API. Every method throws `RequestFailure`, or the signal's reason when aborted. */
export class MetricsApi {
  readonly #options: MetricsApiOptions;

  constructor(options: MetricsApiOptions) {
    this.#options = options;
  }

  status(signal: AbortSignal): Promise<Status> {
    return this.#ask('GET', 'status', answers.status, signal);
  }

  targets(signal: AbortSignal): Promise<TargetList> {
    return this.#ask('GET', 'targets', answers.targetList, signal);
  }

  dumps(signal: AbortSignal): Promise<DumpList> {
    return this.#ask('GET', 'dumps', answers.dumpList, signal);
  }

  estimate(range: DumpRequest, signal: AbortSignal): Promise<DumpEstimate> {
    const query = `from=${String(range.from)}&to=${String(range.to)}`;
    return this.#ask('GET', `dumps/estimate?${query}`, answers.dumpEstimate, signal);
  }

  createDump(range: DumpRequest, signal: AbortSignal): Promise<Dump> {
    return this.#ask('POST', 'dumps', answers.dump, signal, range);
  }

  async cancelDump(id: string, signal: AbortSignal): Promise<void> {
    await this.#ask('POST', `dumps/${encodeURIComponent(id)}/cancel`, ignoreAnswer, signal);
  }

  async deleteDump(id: string, signal: AbortSignal): Promise<void> {
    await this.#ask('DELETE', `dumps/${encodeURIComponent(id)}`, ignoreAnswer, signal);
  }

  /** For a plain link: the browser streams to disk, shows progress and can resume. */
  archiveUrl(id: string): string {
    return this.#url(dumpArchivePath(encodeURIComponent(id)));
  }

  #url(path: string): string {
    return `${this.#options.pluginPath()}/api/v1/${path}`;
  }

  async #ask<T>(
    method: string,
    path: string,
    read: Reader<T>,
    signal: AbortSignal,
    body?: object,
  ): Promise<T> {
    const headers: Record<string, string> = {
      Accept: 'application/json',
      'X-Requested-With': 'XMLHttpRequest',
    };
    const init: RequestInit = { method, headers, credentials: 'same-origin', cache: 'no-store' };
    if (method !== 'GET') {
      headers['X-CSRF-Token'] = this.#options.csrfToken();
    }
    if (body !== undefined) {
      headers['Content-Type'] = 'application/json';
      init.body = JSON.stringify(body);
    }
    const deadline = new Deadline(signal, this.#options.timeoutMs ?? REQUEST_TIMEOUT_MS);
    try {
      const response = await this.#options.fetch(this.#url(path), {
        ...init,
        signal: deadline.signal,
      });
      return readAnswer(response, await response.text(), read, path);
    } catch (error) {
      throw noAnswer(error, signal, deadline);
    } finally {
      deadline.end();
    }
  }
}

/** Aborts with the caller's signal or when time is up, and knows which it was. */
class Deadline {
  isOver = false;
  readonly #controller = new AbortController();
  readonly #timer: ReturnType<typeof setTimeout>;
  readonly #outer: AbortSignal;
  readonly #abort = () => {
    this.#controller.abort();
  };

  constructor(outer: AbortSignal, timeoutMs: number) {
    this.#outer = outer;
    this.#timer = setTimeout(() => {
      this.isOver = true;
      this.#abort();
    }, timeoutMs);
    outer.addEventListener('abort', this.#abort);
    if (outer.aborted) {
      this.#abort();
    }
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#outer.removeEventListener('abort', this.#abort);
  }
}

const ignoreAnswer: Reader<null> = () => null;

function readAnswer<T>(response: Response, body: string, read: Reader<T>, path: string): T {
  const requestId = response.headers.get('X-Request-Id') ?? '';
  if (!response.ok) {
    throw refusal(response.status, body, requestId);
  }
  try {
    return read === (ignoreAnswer as Reader<unknown>)
      ? read(null, path)
      : read(JSON.parse(body), path);
  } catch (error) {
    throw new RequestFailure({
      kind: 'broken',
      status: response.status,
      code: 'ANSWER_UNREADABLE',
      message: error instanceof Error ? error.message : String(error),
      detail: body.slice(0, 200),
      requestId,
      cause: error,
    });
  }
}

/** Reads an answer that is not a success; a body that is not ours came from the host or a proxy. */
function refusal(status: number, body: string, requestId: string): RequestFailure {
  let known: { code: string; message: string; detail: string };
  let isOurs = true;
  try {
    known = answers.apiError(JSON.parse(body), 'error');
  } catch {
    isOurs = false;
    known = { code: `HTTP_${String(status)}`, message: '', detail: body.slice(0, 200) };
  }
  return new RequestFailure({
    ...known,
    kind: failureKind(status, isOurs),
    status,
    requestId,
    isSaidByApi: isOurs,
  });
}

/** `isOurs` says whether the body was one of our API, and not one of the host or of a proxy. */
export function failureKind(status: number, isOurs: boolean): FailureKind {
  if (status === 401) {
    return 'session';
  }
  if (status === 403) {
    return 'forbidden';
  }
  if (isOurs) {
    // 500 is a defect; every other code of ours comes with a sentence that says what to do.
    return status === 500 ? 'broken' : 'refused';
  }
  if (status === 404 || status === 501) {
    return 'disabled';
  }
  return status >= 502 && status <= 504 ? 'unreachable' : 'broken';
}

function noAnswer(error: unknown, signal: AbortSignal, deadline: Deadline): unknown {
  if (error instanceof RequestFailure || signal.aborted) {
    return error;
  }
  return new RequestFailure({
    kind: deadline.isOver ? 'timeout' : 'offline',
    status: 0,
    code: deadline.isOver ? 'NO_ANSWER_IN_TIME' : 'NO_ANSWER',
    message: error instanceof Error ? error.message : String(error),
    cause: error,
  });
}
