import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type {
  ApiError,
  Dump,
  DumpChoices,
  DumpPhase,
  DumpPreview,
  DumpRequest,
  Status,
  Target,
} from '../../api/index.ts';
import { archiveFileName } from '../../server/dump/archive/file-name.ts';
import { answer, isSignedIn, readJson } from './fake-http.ts';
import { healthyStatus, healthyTargets, previewOf, queuedDump } from './fixture-status.ts';

/** How every request is answered while it is set: an error of the API, or a body of somebody else. */
export type Trouble =
  | { kind: 'api'; status: number; error: ApiError }
  | { kind: 'foreign'; status: number; body: string }
  | { kind: 'cut' };

/**
 * The plugin's HTTP API with a script in place of a plugin: tests move its dumps on. It checks what
 * the real server checks: the session cookie, the CSRF token, methods, ids.
 */
export class FakeApi {
  status: Status;
  targets: Target[];
  dumps: Dump[] = [];
  trouble: Trouble | null = null;
  /** Answers only these paths with the trouble; all when null. */
  troubledPath: RegExp | null = null;
  /** Whether what is synced is all there is. */
  isSyncFinished = true;
  /** Bodies of everything that dumps were asked for with, previews included. */
  readonly asked: DumpRequest[] = [];
  /** Keys of the settings that whoever saved had edited, save by save. */
  readonly announcedSaves: string[][] = [];
  /** What there is to choose from in any range. */
  choices: DumpChoices = { hosts: [], jobs: [], isCut: false };
  /** What a dump would give away. */
  preview: (request: DumpRequest) => DumpPreview = previewOf;
  /** Methods and paths of all requests, for tests that count. */
  readonly requests: string[] = [];
  readonly #archives = new Map<string, Buffer>();
  readonly #nowMs: () => number;
  #lastId = 0;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
    this.status = healthyStatus(nowMs());
    this.targets = healthyTargets(nowMs());
  }

  /** Serves `path`, which begins after `/api/v1`. */
  handle(request: IncomingMessage, response: ServerResponse, path: string): void {
    const route = `${request.method ?? 'GET'} ${path}`;
    this.requests.push(route);
    response.setHeader('X-Request-Id', `request-${String(this.requests.length)}`);
    const isTroubled = this.troubledPath === null || this.troubledPath.test(route);
    if (this.trouble !== null && isTroubled) {
      answerTrouble(response, this.trouble);
    } else if (!isSignedIn(request)) {
      answerError(response, 401, 'NOT_SIGNED_IN', 'Sign in to see metrics.');
    } else {
      this.#route(request, response, route);
    }
  }

  addReady(fields: Partial<Dump> & { archive: Buffer }): Dump {
    const { archive, ...rest } = fields;
    const now = this.#nowMs();
    const dump = { ...this.#create({ from: now - 86_400_000, to: now }), ...rest };
    this.#replace(dump);
    this.finish(dump.id, archive);
    return this.#get(dump.id);
  }

  /** Moves a dump on. */
  advance(id: string, percent: number, phase: DumpPhase): void {
    this.#change(id, { state: 'running', progress: { percent, phase } });
  }

  finish(id: string, archive: Buffer): void {
    const dump = this.#get(id);
    this.#archives.set(id, archive);
    this.#change(id, {
      state: 'ready',
      progress: { percent: 100, phase: 'done' },
      actual: dump.requested,
      finishedAtMs: this.#nowMs(),
      expiresAtMs: this.#nowMs() + 7 * 86_400_000,
      samples: 59_904_000,
      series: 11_043,
      sizeBytes: archive.length,
      fileName: archiveFileName('mattermost-1', dump.requested.fromMs, dump.requested.toMs),
      sha256: createHash('sha256').update(archive).digest('hex'),
    });
  }

  fail(id: string, error: ApiError): void {
    this.#change(id, { state: 'failed', finishedAtMs: this.#nowMs(), error });
  }

  #route(request: IncomingMessage, response: ServerResponse, route: string): void {
    const [, id, verb = ''] = /^\S+ \/dumps\/([a-z0-9]{26})(?:\/(\w+))?$/.exec(route) ?? [];
    if (id !== undefined) {
      this.#routeDump(response, id, `${request.method ?? 'GET'} ${verb}`);
    } else if (route === 'POST /dumps' || route === 'POST /dumps/preview') {
      void this.#post(request, response, route.endsWith('preview'));
    } else if (route === 'POST /settings/saved') {
      void this.#noteSave(request, response);
    } else if (route === 'POST /sync') {
      answer(response, this.isSyncFinished ? 200 : 202, {
        node: this.status.collector.node,
        isFinished: this.isSyncFinished,
        sync: this.status.sync,
      });
    } else {
      this.#read(response, route);
    }
  }

  async #noteSave(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { keys } = (await readJson(request)) as { keys: string[] };
    this.announcedSaves.push(keys);
    response.writeHead(204).end();
  }

  #read(response: ServerResponse, route: string): void {
    if (route === 'GET /status') {
      answer(response, 200, { ...this.status, nowMs: this.#nowMs() });
    } else if (route === 'GET /targets') {
      answer(response, 200, { targets: this.targets });
    } else if (route === 'GET /dumps') {
      const dumps = [...this.dumps].sort((a, b) => b.createdAtMs - a.createdAtMs);
      answer(response, 200, { dumps });
    } else if (route.startsWith('GET /dumps/choices?')) {
      answer(response, 200, this.choices);
    } else if (route.startsWith('GET /dumps/estimate?')) {
      // A coarser step makes less of it, as with a real one.
      const share = route.includes('stepSeconds=') ? 20 : 1;
      const [bytes, samples] = [35_000_000 / share, 59_904_000 / share];
      answer(response, 200, { bytes, samples, series: 11_043, seconds: 4 });
    } else {
      answerError(response, 404, 'NOT_FOUND', 'There is nothing here.');
    }
  }

  #routeDump(response: ServerResponse, id: string, action: string): void {
    if (!this.dumps.some((dump) => dump.id === id)) {
      answerError(response, 404, 'DUMP_UNKNOWN', 'This dump does not exist any more.');
    } else if (action === 'GET archive') {
      this.#download(response, id);
    } else if (action === 'GET aliases') {
      answer(response, 200, { aliases: { 'host-0011223344556677': 'mattermost-1' } });
    } else if (action === 'POST cancel') {
      this.#change(id, { state: 'cancelled' });
      answer(response, 200, this.#get(id));
    } else if (action === 'DELETE ') {
      this.dumps = this.dumps.filter((dump) => dump.id !== id);
      response.writeHead(204).end();
    } else {
      answerError(response, 405, 'METHOD_NOT_ALLOWED', 'This cannot be done here.');
    }
  }

  async #post(request: IncomingMessage, response: ServerResponse, isPreview: boolean) {
    const body = (await readJson(request)) as DumpRequest;
    this.asked.push(body);
    if (isPreview) {
      answer(response, 200, this.preview(body));
    } else {
      answer(response, 201, this.#create(body));
    }
  }

  #create({ from, to, nodes, jobs, metrics, redaction, stepSeconds }: DumpRequest): Dump {
    this.#lastId += 1;
    const id = `dump${String(this.#lastId).padStart(22, '0')}`;
    const isPlain = nodes === undefined && jobs === undefined && metrics === undefined;
    const dump = {
      ...queuedDump(id, this.#nowMs(), from, to),
      filter: isPlain ? null : { nodes: nodes ?? [], jobs: jobs ?? [], metrics: metrics ?? [] },
      redaction: redaction ?? 'none',
      stepSeconds: stepSeconds ?? 0,
    };
    this.dumps = [dump, ...this.dumps];
    return dump;
  }

  #download(response: ServerResponse, id: string): void {
    const archive = this.#archives.get(id);
    if (archive === undefined) {
      answerError(response, 409, 'DUMP_NOT_READY', 'This dump is not ready yet.');
      return;
    }
    response.writeHead(200, {
      'Content-Type': 'application/gzip',
      'Content-Length': archive.length,
      'Content-Disposition': `attachment; filename="${this.#get(id).fileName}"`,
    });
    response.end(archive);
  }

  #get(id: string): Dump {
    const dump = this.dumps.find((candidate) => candidate.id === id);
    if (dump === undefined) {
      throw new Error(`no dump ${id}`);
    }
    return dump;
  }

  #change(id: string, fields: Partial<Dump>): void {
    this.#replace({ ...this.#get(id), ...fields });
  }

  #replace(changed: Dump): void {
    this.dumps = this.dumps.map((dump) => (dump.id === changed.id ? changed : dump));
  }
}

function answerError(response: ServerResponse, status: number, code: string, message: string) {
  answer(response, status, { code, message, detail: '' });
}

function answerTrouble(response: ServerResponse, trouble: Trouble): void {
  switch (trouble.kind) {
    case 'api':
      answer(response, trouble.status, trouble.error);
      return;
    case 'foreign':
      response.writeHead(trouble.status, { 'Content-Type': 'text/html' }).end(trouble.body);
      return;
    case 'cut':
      response.destroy();
  }
}
