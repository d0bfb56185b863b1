import type { IncomingMessage, ServerResponse } from 'node:http';
import { json } from 'node:stream/consumers';
import { AppError } from './app-error.ts';
import { credentialsOf, sessionCookie, type Accounts, type Session } from './accounts.ts';
import type { ManagedPlugin } from './managed-plugin.ts';
import { parseMultipart, type FormPart } from './multipart.ts';
import type { Plugins } from './plugins.ts';
import { sanitizeConfiguration, type ConfigurationChange } from './server-config.ts';
import type { ServerConfiguration } from './server-config.ts';

/** What the REST API works on. */
export interface RestBackend {
  accounts: Accounts;
  plugins: Plugins;
  configuration: () => ServerConfiguration;
  /** Rejects with the plugin's sentence when a plugin refuses. */
  saveConfiguration: (change: ConfigurationChange) => Promise<void>;
}

interface Exchange {
  request: IncomingMessage;
  response: ServerResponse;
  session: Session | undefined;
  /** The part of the path that the pattern leaves open. */
  id: string;
}

type Route = [
  method: string,
  pattern: RegExp,
  right: 'anybody' | 'user' | 'admin',
  run: (backend: RestBackend, exchange: Exchange) => Promise<Answer> | Answer,
];
interface Answer {
  status?: number;
  headers?: Record<string, string | string[]>;
  body: unknown;
}

const routes: Route[] = [
  ['POST', /^\/users\/login$/, 'anybody', logIn],
  ['GET', /^\/users\/me$/, 'user', (_backend, { session }) => ({ body: userOf(session) })],
  ['POST', /^\/users\/ids$/, 'user', usersByIds],
  ['GET', /^\/system\/ping$/, 'anybody', () => ({ body: { status: 'OK' } })],
  ['GET', /^\/config$/, 'admin', (backend) => ({ body: sanitized(backend) })],
  ['GET', /^\/config\/environment$/, 'admin', () => ({ body: {} })],
  ['PUT', /^\/config\/patch$/, 'admin', patchConfiguration],
  ['POST', /^\/plugins$/, 'admin', upload],
  ['GET', /^\/plugins$/, 'admin', (backend) => ({ body: installed(backend) })],
  ['GET', /^\/plugins\/statuses$/, 'admin', (backend) => ({ body: statuses(backend) })],
  ['GET', /^\/plugins\/webapp$/, 'anybody', (backend) => ({ body: webapps(backend) })],
  ['POST', /^\/plugins\/([^/]+)\/enable$/, 'admin', enable],
  ['POST', /^\/plugins\/([^/]+)\/disable$/, 'admin', disable],
  ['DELETE', /^\/plugins\/([^/]+)$/, 'admin', remove],
];

/** What the real server's local mode has of them; everything else is not found there. */
const notLocal = /^\/users\/|^\/plugins\/(statuses|webapp)$/;

/**
 * Answers a request below `/api/v4`; `path` is what follows. Over the socket of local mode there
 * are fewer routes and whoever reaches it may do everything.
 */
export async function serveRest(
  backend: RestBackend,
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
  isLocal = false,
): Promise<void> {
  const found = routes.find(([method, pattern]) => method === request.method && pattern.test(path));
  const route = isLocal && notLocal.test(path) ? undefined : found;
  try {
    if (route === undefined) {
      throw refused(404, 'api.context.404.app_error', 'Sorry, we could not find the page.');
    }
    const [, pattern, right, run] = route;
    const session = sessionOf(backend, request, path);
    if (!isLocal) requireRight(right, session);
    const id = pattern.exec(path)?.[1] ?? '';
    send(response, await run(backend, { request, response, session, id }));
  } catch (error) {
    if (error instanceof PlainRefusal) {
      response.writeHead(error.status, { 'Content-Type': 'text/plain; charset=utf-8' });
      response.end(`${error.message}\n`);
      return;
    }
    const known =
      error instanceof AppError
        ? error
        : refused(500, 'api.unexpected.app_error', error instanceof Error ? error.message : '');
    send(response, { status: known.status, body: known });
  } finally {
    // What nobody has read of a refused upload must not hold the connection.
    request.resume();
  }
}

function requireRight(right: Route[2], session: Session | undefined): void {
  if (right !== 'anybody' && session === undefined) {
    throw refused(401, 'api.context.session_expired.app_error', 'Invalid or expired session.');
  }
  if (right === 'admin' && session?.user.isAdmin !== true) {
    throw refused(403, 'api.context.permissions.app_error', 'You do not have the permissions.');
  }
}

function send(response: ServerResponse, { status = 200, headers, body }: Answer): void {
  response.writeHead(status, { 'Content-Type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}

function sessionOf(
  { accounts }: RestBackend,
  request: IncomingMessage,
  path: string,
): Session | undefined {
  const { token, isCookie } = credentialsOf(request, new URLSearchParams());
  const session = accounts.session(token);
  const needsCsrf = isCookie && request.method !== 'GET' && path !== '/users/login';
  return needsCsrf && request.headers['x-csrf-token'] !== session?.csrf ? undefined : session;
}

async function logIn({ accounts }: RestBackend, { request }: Exchange): Promise<Answer> {
  const body = (await json(request)) as { login_id?: unknown; password?: unknown };
  const session = accounts.logIn(body.login_id, body.password);
  if (session === undefined) {
    throw refused(401, 'api.user.login.invalid_credentials_email_username', 'Wrong password.');
  }
  return {
    headers: { Token: session.token, 'Set-Cookie': sessionCookies(session) },
    body: userOf(session),
  };
}

async function usersByIds({ accounts }: RestBackend, { request }: Exchange): Promise<Answer> {
  const ids = (await json(request)) as unknown[];
  const users = accounts.users().filter(({ id }) => ids.includes(id));
  return { body: users.map(({ id, username }) => ({ id, username })) };
}

/** What the server sets at a login. */
export function sessionCookies(session: Session): string[] {
  return [
    `${sessionCookie}=${session.token}; Path=/; HttpOnly`,
    `MMUSERID=${session.user.id}; Path=/`,
    `MMCSRF=${session.csrf}; Path=/`,
  ];
}

function userOf(session: Session | undefined): object {
  const { id, username, isAdmin } = session!.user;
  return { id, username, roles: isAdmin ? 'system_admin system_user' : 'system_user' };
}

function sanitized({ configuration }: RestBackend): object {
  return sanitizeConfiguration(configuration());
}

async function patchConfiguration(backend: RestBackend, exchange: Exchange): Promise<Answer> {
  await backend.saveConfiguration((await json(exchange.request)) as ConfigurationChange);
  return { body: sanitized(backend) };
}

async function upload(backend: RestBackend, { request }: Exchange): Promise<Answer> {
  const { PluginSettings, FileSettings } = backend.configuration();
  const { Enable, EnableUploads, RequirePluginSignature } = PluginSettings;
  if (!Enable || !EnableUploads || RequirePluginSignature) {
    const message = 'Plugins and/or plugin uploads have been disabled.';
    throw refused(501, 'app.plugin.upload_disabled.app_error', message);
  }
  const form = await readForm(request, FileSettings.MaxFileSize);
  const file = form.find(({ name, fileName }) => name === 'plugin' && fileName !== undefined);
  if (file === undefined) {
    throw refused(400, 'api.plugin.upload.no_file.app_error', 'Missing file in multipart request');
  }
  const force = form.find(({ name }) => name === 'force')?.content.toString();
  const manifest = await backend.plugins.install(file.content, force === 'true');
  return { status: 201, body: manifest };
}

/** A refusal that is no JSON: what Go's own form reader says. */
class PlainRefusal extends Error {
  override readonly name = 'PlainRefusal';
  readonly code = 'REST_PLAIN_REFUSAL';
  readonly status = 400;
}

async function readForm(request: IncomingMessage, maxBytes: number): Promise<FormPart[]> {
  const chunks: Buffer[] = [];
  let received = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    received += chunk.length;
    if (received > maxBytes) throw new PlainRefusal('http: request body too large');
    chunks.push(chunk);
  }
  try {
    return parseMultipart(request.headers['content-type'] ?? '', Buffer.concat(chunks));
  } catch (error) {
    throw new PlainRefusal(error instanceof Error ? error.message : String(error));
  }
}

async function enable(backend: RestBackend, { id }: Exchange): Promise<Answer> {
  const { plugins } = backend;
  requireSaving(backend);
  await plugins.enable(id);
  return { body: { status: 'OK' } };
}

async function disable(backend: RestBackend, { id }: Exchange): Promise<Answer> {
  const { plugins } = backend;
  requireSaving(backend);
  await plugins.disable(id);
  return { body: { status: 'OK' } };
}

/** The server keeps in its configuration which plugins are enabled, and that may be read-only. */
function requireSaving({ configuration }: RestBackend): void {
  const { Enable, ReadOnlyConfig } = configuration().ClusterSettings;
  if (!Enable || !ReadOnlyConfig) return;
  const message = 'Error saving plugin state in config.';
  throw refused(500, 'app.plugin.config.app_error', message);
}

async function remove({ plugins }: RestBackend, { id }: Exchange): Promise<Answer> {
  await plugins.remove(id);
  return { body: { status: 'OK' } };
}

function installed({ plugins }: RestBackend): object {
  const isActive = (plugin: ManagedPlugin) => plugin.active !== undefined;
  const manifests = (which: (plugin: ManagedPlugin) => boolean) =>
    plugins
      .all()
      .filter(which)
      .map(({ manifest }) => manifest);
  return { active: manifests(isActive), inactive: manifests((plugin) => !isActive(plugin)) };
}

function statuses({ plugins }: RestBackend): object[] {
  return plugins.all().map(statusOf);
}

function statusOf(plugin: ManagedPlugin): object {
  const { id, name, description, version } = plugin.manifest;
  return {
    plugin_id: id,
    cluster_id: '',
    plugin_path: plugin.bundleDirectory,
    state: plugin.state,
    error: plugin.error,
    name: name ?? id,
    description: description ?? '',
    version,
  };
}

function webapps({ plugins }: RestBackend): object[] {
  return plugins.all().flatMap(({ manifest, active }) => {
    const bundlePath = plugins.webappPath(manifest.id);
    if (bundlePath === undefined || active === undefined) return [];
    const { id, version, min_server_version } = manifest;
    return [{ id, version, min_server_version, webapp: { bundle_path: bundlePath } }];
  });
}

function refused(status: number, id: string, message: string): AppError {
  return new AppError({ id, where: 'api', status, message });
}
