import {
  dumpArchivePath,
  type ApiError,
  type Dump,
  type DumpChoices,
  type DumpEstimate,
  type DumpList,
  type DumpPreview,
  type DumpRequest,
  type Status,
  type SyncOutcome,
  type TargetList,
} from '../../../api/index.ts';
import * as answers from '../../../api/answers.ts';
import { environmentSettings, type EnvironmentSettings } from './environment-settings.ts';
import { RequestFailure, type FailureKind } from './failure.ts';
import { usernames } from './usernames.ts';
import { fields, flag, nullable, text, type Reader } from '../../../api/read.ts';

/** An answer that takes longer counts as no answer; the slowest route only reads local files. */
export const REQUEST_TIMEOUT_MS = 30_000;

export interface MetricsApiOptions {
  pluginId: string;
  /** Address of the plugin on the site, for example `/plugins/<id>`. */
  pluginPath: () => string;
  /** Path that the site is served below; empty at the root. */
  sitePath: () => string;
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

  estimate(request: DumpRequest, signal: AbortSignal): Promise<DumpEstimate> {
    const path = `dumps/estimate?${queryOf(request)}`;
    return this.#ask('GET', path, answers.dumpEstimate, signal);
  }

  /** What of a range a dump can be limited to. */
  choices(range: { from: number; to: number }, signal: AbortSignal): Promise<DumpChoices> {
    return this.#ask('GET', `dumps/choices?${queryOf(range)}`, answers.dumpChoices, signal);
  }

  /** What a dump would give away; none is made. */
  previewDump(request: DumpRequest, signal: AbortSignal): Promise<DumpPreview> {
    return this.#ask('POST', 'dumps/preview', answers.dumpPreview, signal, request);
  }

  createDump(request: DumpRequest, signal: AbortSignal): Promise<Dump> {
    return this.#ask('POST', 'dumps', answers.dump, signal, request);
  }

  async cancelDump(id: string, signal: AbortSignal): Promise<void> {
    await this.#ask('POST', `dumps/${encodeURIComponent(id)}/cancel`, ignoreAnswer, signal);
  }

  async deleteDump(id: string, signal: AbortSignal): Promise<void> {
    await this.#ask('DELETE', `dumps/${encodeURIComponent(id)}`, ignoreAnswer, signal);
  }

  /** Copies to the file store what is not there yet, on whichever node it is. */
  syncNow(signal: AbortSignal): Promise<SyncOutcome> {
    return this.#ask('POST', 'sync', answers.syncOutcome, signal);
  }

  /** Says that whoever is signed in has saved settings, of which they had edited these. */
  async announceSave(keys: readonly string[], signal: AbortSignal): Promise<void> {
    await this.#ask('POST', 'settings/saved', ignoreAnswer, signal, { keys });
  }

  /**
   * Turns on the server's own metrics by changing that one setting through the host's REST API, with
   * the rights of whoever is signed in.
   */
  async enableMetrics(signal: AbortSignal): Promise<void> {
    const isOn = await this.#send({
      method: 'PUT',
      name: 'config',
      url: `${this.#options.sitePath()}/api/v4/config/patch`,
      read: metricsSwitch,
      refused: hostError,
      signal,
      body: { MetricsSettings: { Enable: true } },
    });
    if (isOn === false) {
      throw new RequestFailure({
        kind: 'overridden',
        status: 200,
        code: 'SETTING_OVERRIDDEN',
        message: 'MetricsSettings.Enable is false after it was saved as true',
      });
    }
  }

  /** Which settings of this plugin the server's environment decides; the host tells. */
  settingsFromEnvironment(signal: AbortSignal): Promise<EnvironmentSettings> {
    return this.#send({
      method: 'GET',
      name: 'environment',
      url: `${this.#options.sitePath()}/api/v4/config/environment`,
      read: environmentSettings(this.#options.pluginId),
      refused: hostError,
      signal,
      body: undefined,
    });
  }

  /** Names of users by their ids; the host tells those that whoever is signed in may see. */
  usernames(ids: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, string>> {
    return this.#send({
      method: 'POST',
      name: 'users',
      url: `${this.#options.sitePath()}/api/v4/users/ids`,
      read: usernames,
      refused: hostError,
      signal,
      body: ids,
    });
  }

  /** For a plain link: the browser streams to disk, shows progress and can resume. */
  archiveUrl(id: string): string {
    return this.#url(dumpArchivePath(encodeURIComponent(id)));
  }

  /** Of a redacted dump what stands for what, as a file. */
  aliasesUrl(id: string): string {
    return this.#url(`dumps/${encodeURIComponent(id)}/aliases`);
  }

  #url(path: string): string {
    return `${this.#options.pluginPath()}/api/v1/${path}`;
  }

  #ask<T>(
    method: string,
    path: string,
    read: Reader<T>,
    signal: AbortSignal,
    body?: object,
  ): Promise<T> {
    const url = this.#url(path);
    return this.#send({ method, url, name: path, read, refused: answers.apiError, signal, body });
  }

  async #send<T>({ method, url, name, read, refused, signal, body }: Request<T>): Promise<T> {
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
      const response = await this.#options.fetch(url, { ...init, signal: deadline.signal });
      const answer = await response.text();
      if (!response.ok) {
        throw refusal(response, answer, refused, method !== 'GET');
      }
      return readAnswer(response, answer, read, name);
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

/** The fields of a request as a query; lists repeat their name. */
function queryOf(request: DumpRequest): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(request) as [string, string | number | string[]][]) {
    for (const item of Array.isArray(value) ? value : [value]) {
      query.append(name, String(item));
    }
  }
  return query.toString();
}

const ignoreAnswer: Reader<null> = () => null;

interface Request<T> {
  method: string;
  url: string;
  /** Begins the path of a field that is not as promised. */
  name: string;
  read: Reader<T>;
  /** Reads the body of an answer that is not a success. */
  refused: Reader<ApiError>;
  signal: AbortSignal;
  body: object | undefined;
}

/** What the host's configuration says about its metrics; null when the reader may not see it. */
const metricsSwitch: Reader<boolean | null> = (value, path) =>
  fields<{ MetricsSettings: { Enable: boolean | null } | null }>({
    MetricsSettings: nullable(fields<{ Enable: boolean | null }>({ Enable: nullable(flag) })),
  })(value, path).MetricsSettings?.Enable ?? null;

/** The shape of the host's own errors. */
const hostError: Reader<ApiError> = (value, path) => {
  const { id, message, detailed_error } = fields<{
    id: string;
    message: string;
    detailed_error: string | null;
  }>({ id: text, message: text, detailed_error: nullable(text) })(value, path);
  return { code: id, message, detail: detailed_error ?? '' };
};

function readAnswer<T>(response: Response, body: string, read: Reader<T>, name: string): T {
  try {
    return read === (ignoreAnswer as Reader<unknown>)
      ? read(null, name)
      : read(JSON.parse(body), name);
  } catch (error) {
    throw new RequestFailure({
      kind: 'broken',
      status: response.status,
      code: 'ANSWER_UNREADABLE',
      message: error instanceof Error ? error.message : String(error),
      detail: body.slice(0, 200),
      requestId: requestIdOf(response),
      cause: error,
    });
  }
}

/** Reads an answer that is not a success; a body that is not ours came from the host or a proxy. */
function refusal(
  response: Response,
  body: string,
  read: Reader<ApiError>,
  isChange: boolean,
): RequestFailure {
  const { status } = response;
  let known: ApiError;
  let isOurs = true;
  try {
    known = read(JSON.parse(body), 'error');
  } catch {
    isOurs = false;
    known = { code: `HTTP_${String(status)}`, message: '', detail: body.slice(0, 200) };
  }
  return new RequestFailure({
    ...known,
    kind: failureKind(status, isOurs, isChange),
    status,
    requestId: requestIdOf(response),
    isSaidByApi: isOurs,
  });
}

function requestIdOf(response: Response): string {
  return response.headers.get('X-Request-Id') ?? '';
}

/**
 * `isOurs` says whether the body was one of whom we asked, and not one of the host or of a proxy in
 * his place.
 */
export function failureKind(status: number, isOurs: boolean, isChange = false): FailureKind {
  if (status === 401) {
    return 'session';
  }
  if (status === 403) {
    return isChange ? 'denied' : 'forbidden';
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
