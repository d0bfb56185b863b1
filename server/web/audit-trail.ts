import { Router, type Request, type RequestHandler, type Response } from 'express';
import { isJobId } from '../share/index.ts';
import { userIdOf } from './authorize.ts';
import { readBodyAhead } from './dump-request.ts';
import type { DumpDesk } from './services.ts';

/** One thing that somebody did, or tried to. */
export interface AuditedRequest {
  event:
    | 'createDump'
    | 'deleteDump'
    | 'cancelDump'
    | 'downloadDump'
    | 'downloadDumpAliases'
    | 'syncMetrics';
  isSuccess: boolean;
  actor: { userId: string; client: string; ipAddress: string; forwardedFor: string };
  apiPath: string;
  objectType: string;
  /**
   * `id` of the dump; `fromMs` and `toMs` of its range; as far as known. Of a dump that was not made,
   * `range` says so when the request tells no range.
   */
  parameters: Readonly<Record<string, string | number>>;
  /** Why it failed: the code and the status of the answer. */
  error?: { description: string; status: number };
}

/** Takes what was done; must not throw. */
export type AuditSink = (done: AuditedRequest) => void;

/** What the trail tells of a dump. */
export interface AuditedDump {
  id: string;
  /** The range that was asked for. */
  requested?: { fromMs: number; toMs: number };
}

/** What the routes tell a request's trail, in the answer's locals. */
interface Trail {
  /** The dumps with which the request is done. */
  done: AuditedDump[];
  /** The one with which it is not. */
  current: AuditedDump | undefined;
  code: string;
}

/**
 * Tells `sink` of everything that is worth an audit record, once, whichever way it was asked for and
 * however it ended: stands before {@link authorize}, so that it sees who was refused. Who has no
 * session is nobody: that would be the whole internet.
 */
export function auditTrail(sink: AuditSink, dumps: Pick<DumpDesk, 'get'>): Router {
  const router = Router();
  const follow =
    (event: AuditedRequest['event']): RequestHandler =>
    (request, response, next) => {
      if (userIdOf(request) !== '') followRequest(event, request, response, { sink, dumps });
      next();
    };
  // The body at once: also the record of a refused attempt says which range it was about.
  router.post(['/api/v1/dumps', '/jobs/create'], follow('createDump'), ofSomebody(readBodyAhead));
  router.delete(['/api/v1/dumps/:id', '/jobs/delete/:id', '/jobs/deleteAll'], follow('deleteDump'));
  router.post('/api/v1/dumps/:id/cancel', follow('cancelDump'));
  router.get(['/api/v1/dumps/:id/archive', '/jobs/download/:id'], follow('downloadDump'));
  router.get('/api/v1/dumps/:id/aliases', follow('downloadDumpAliases'));
  router.post('/api/v1/sync', follow('syncMetrics'));
  return router;
}

/** Leaves out what is done for nobody. */
function ofSomebody(handler: RequestHandler): RequestHandler {
  return (request, response, next) => {
    if (userIdOf(request) === '') next();
    else void handler(request, response, next);
  };
}

/** A dump that the request is about to change or to send; what fails from here on is about this one. */
export function noteDump(response: Response, { id, requested }: AuditedDump): void {
  const trail = response.locals['trail'] as Trail | undefined;
  if (trail !== undefined) trail.current = requested === undefined ? { id } : { id, requested };
}

/** A dump with which the request is done. */
export function noteDone(response: Response, { id, requested }: AuditedDump): void {
  const trail = response.locals['trail'] as Trail | undefined;
  if (trail === undefined) return;
  trail.done.push(requested === undefined ? { id } : { id, requested });
  trail.current = undefined;
}

/** Why the request was refused or failed. */
export function noteRefusal(response: Response, code: string): void {
  const trail = response.locals['trail'] as Trail | undefined;
  if (trail !== undefined) trail.code = code;
}

function followRequest(
  event: AuditedRequest['event'],
  request: Request,
  response: Response,
  { sink, dumps }: { sink: AuditSink; dumps: Pick<DumpDesk, 'get'> },
): void {
  const isDownload = event === 'downloadDump' || event === 'downloadDumpAliases';
  // The route of HEAD is that of GET, and sends nothing.
  if (isDownload && request.method !== 'GET') return;
  const { id } = request.params;
  const trail: Trail = { done: [], current: undefined, code: '' };
  // Whatever else stands there must not fill the audit log.
  if (typeof id === 'string' && isJobId(id)) trail.current = { id };
  response.locals['trail'] = trail;
  const facts = { event, actor: actorOf(request), apiPath: request.path };
  const settle = (isComplete: boolean) => {
    for (const entry of entriesOf(trail, response.statusCode, isComplete)) {
      const objectType = event === 'syncMetrics' ? 'metrics' : 'dump';
      const { parameters, ...rest } = entry;
      const asked = event === 'createDump' && !('id' in parameters) ? askedRange(request) : {};
      const tell = (range: object) => {
        sink({ ...facts, ...rest, objectType, parameters: { ...asked, ...range, ...parameters } });
      };
      if (isRangeless(entry)) void rangeOf(dumps, String(parameters['id'])).then(tell);
      else tell({});
    }
  };
  if (isDownload) {
    // Only what the client has got is a download.
    response.once('close', () => {
      settle(response.writableFinished);
    });
  } else {
    onEnd(response, () => {
      settle(true);
    });
  }
}

/** Whoever was refused at the gate has named a dump that nobody has looked at. */
function isRangeless({ error, parameters }: Entry): boolean {
  return error?.status === 403 && 'id' in parameters && !('fromMs' in parameters);
}

/** Nothing where there is no such dump, or it cannot be told. */
async function rangeOf(dumps: Pick<DumpDesk, 'get'>, id: string): Promise<object> {
  try {
    const { fromMs, toMs } = (await dumps.get(id)).requested;
    return { fromMs, toMs };
  } catch {
    return {};
  }
}

type Entry = Pick<AuditedRequest, 'isSuccess' | 'parameters' | 'error'>;

/** One for each dump that is done, one for what failed, and one if there was nothing to do. */
function entriesOf(trail: Trail, status: number, isComplete: boolean): Entry[] {
  const isSuccess = status < 400 && isComplete;
  const entries: Entry[] = trail.done.map((dump) => ({
    isSuccess: true,
    parameters: parametersOf(dump),
  }));
  if (isSuccess && entries.length > 0) return entries;
  const parameters = trail.current === undefined ? {} : parametersOf(trail.current);
  if (isSuccess) return [{ isSuccess, parameters }];
  const description = trail.code || (isComplete ? `HTTP_${String(status)}` : 'HTTP_CUT_SHORT');
  return [...entries, { isSuccess, parameters, error: { description, status } }];
}

function parametersOf({ id, requested }: AuditedDump): Entry['parameters'] {
  if (requested === undefined) return { id };
  return { id, fromMs: requested.fromMs, toMs: requested.toMs };
}

/**
 * Runs when the route has answered. The events of a response tell when its bytes have left, which
 * never comes when the client has; what it asked for was done all the same.
 */
function onEnd(response: Response, run: () => void): void {
  const end = response.end.bind(response) as (...parts: unknown[]) => Response;
  let isTold = false;
  response.end = ((...parts: unknown[]) => {
    if (!isTold) run();
    isTold = true;
    return end(...parts);
  }) as Response['end'];
}

/** Who asks, and from where. */
export function actorOf(request: Request): AuditedRequest['actor'] {
  return {
    userId: userIdOf(request),
    client: request.header('user-agent') ?? '',
    ipAddress: request.socket.remoteAddress ?? '',
    forwardedFor: request.header('x-forwarded-for') ?? '',
  };
}

/**
 * The range of a dump that was not made, in the words of either interface. Numbers count as they come, as
 * digits, too: the record is about what somebody tried, whether it makes sense or not.
 */
function askedRange(request: Request): Record<string, number | string> {
  const body = request.body as unknown;
  const fields = Object(body) as Readonly<Record<string, unknown>>;
  const fromMs = millisecondsIn(fields['from'] ?? fields['min_t']);
  const toMs = millisecondsIn(fields['to'] ?? fields['max_t']);
  return {
    ...(fromMs === undefined ? {} : { fromMs }),
    ...(toMs === undefined ? {} : { toMs }),
    ...(fromMs === undefined || toMs === undefined ? { range: 'not readable' } : {}),
  };
}

function millisecondsIn(value: unknown): number | undefined {
  const isText = typeof value === 'string' && /^\s*-?\d{1,16}(\.\d{1,9})?\s*$/.test(value);
  const number = isText ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isFinite(number)) return undefined;
  const whole = Math.round(number);
  return Number.isSafeInteger(whole) ? whole : undefined;
}
