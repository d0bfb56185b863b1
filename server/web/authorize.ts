import type { Request, RequestHandler } from 'express';
import { say } from '../../api/index.ts';
import { httpError, type HttpError } from './errors.ts';

/** Set by the server for a valid session only; whatever a client sends under this name is removed. */
const userHeader = 'mattermost-user-id';
/** Set by the server on requests between plugins. */
const pluginHeader = 'mattermost-plugin-id';

/** What somebody may do here; who may write may also read, who may manage may also write. */
export interface Rights {
  read: boolean;
  write: boolean;
  /** Whether they administer the system: what aliases stand for is for them alone. */
  manage: boolean;
}

/** Asks the server whether a user holds a permission. */
export type PermissionCheck = (userId: string, permissionId: string) => Promise<boolean>;

/** Holds all rights, always. */
const everything = 'manage_system';
/** Those of the console page "Performance Monitoring", which administrators can delegate. */
const reading = 'sysconsole_read_environment_performance_monitoring';
const writing = 'sysconsole_write_environment_performance_monitoring';

/** Hears who asks with a delegated permission alone, and who asks without any. */
export interface ReaderBook {
  asked(userId: string): void;
  refused(userId: string): void;
}

/** What somebody may do, by their permissions. */
async function rightsOf(
  userId: string,
  hasPermission: PermissionCheck,
  readers: ReaderBook,
): Promise<Rights> {
  if (await hasPermission(userId, everything)) return { read: true, write: true, manage: true };
  const write = await hasPermission(userId, writing);
  const read = write || (await hasPermission(userId, reading));
  if (read) readers.asked(userId);
  else readers.refused(userId);
  return { read, write, manage: false };
}

/**
 * The one gate before every route: nobody without a session, nobody without the right, no other
 * plugin. Default deny: an unknown path is refused here before it is found to be unknown, and
 * whatever is not known to be harmless needs the right to write.
 */
export function authorize(hasPermission: PermissionCheck, readers: ReaderBook): RequestHandler {
  return async (request, response, next) => {
    const userId = askingUser(request);
    const rights = userId === undefined ? nothing : await rightsOf(userId, hasPermission, readers);
    if (!rights.read) throw notPermitted('api.may-not-read');
    if (!rights.write && !onlyReads(request)) throw notPermitted('api.may-not-write');
    if (!rights.manage && isAliases(request)) throw notPermitted('api.may-not-unmask');
    response.locals['rights'] = rights;
    next();
  };
}

/** Whoever may save a plugin's settings in System Console. */
const saving = 'sysconsole_write_plugins';

/** The gate before the route by which the console says who has saved: of nobody else it would be untrue. */
export function authorizeSaving(hasPermission: PermissionCheck): RequestHandler {
  const maySave = async (userId: string) =>
    (await hasPermission(userId, everything)) || (await hasPermission(userId, saving));
  return async (request, _response, next) => {
    const userId = askingUser(request);
    if (userId === undefined || !(await maySave(userId))) throw notPermitted('api.may-not-save');
    next();
  };
}

/** Who has a session; undefined for another plugin, which may do nothing in anybody's name. */
function askingUser(request: Request): string | undefined {
  const userId = userIdOf(request);
  if (userId === '') throw httpError(401, 'NOT_SIGNED_IN', say('api.signed-out'));
  const isFromPlugin = (request.header(pluginHeader) ?? '') !== '';
  return isFromPlugin ? undefined : userId;
}

const nothing: Rights = { read: false, write: false, manage: false };

/** What {@link authorize} found. */
export function rightsIn(locals: Record<string, unknown>): Rights {
  return (locals['rights'] as Rights | undefined) ?? nothing;
}

/** Who is asking; only behind {@link authorize}. */
export function userIdOf(request: { header(name: string): string | undefined }): string {
  return request.header(userHeader) ?? '';
}

/** Archives hold what leaves the company: fetching one is more than reading. */
function onlyReads({ method, path }: Request): boolean {
  const isArchive = /\/(archive|aliases|download)(\/|$)/i.test(path);
  return (method === 'GET' || method === 'HEAD') && !isArchive;
}

/** They hold what must not leave the company, of whichever dump. */
function isAliases({ path }: Request): boolean {
  return /\/aliases(\/|$)/i.test(path);
}

type Forbidden = 'read' | 'write' | 'unmask' | 'save';

function notPermitted(id: `api.may-not-${Forbidden}`): HttpError {
  return httpError(403, 'NOT_PERMITTED', say(id));
}
