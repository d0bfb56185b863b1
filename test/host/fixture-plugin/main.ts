// A plugin that does on request what the tests of the stand-in want to see.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import {
  serveMattermostPlugin,
  type Host,
  type PluginHooks,
} from '../../../server/mattermost/index.ts';

let host: Host;
let configurationChanges = 0;
const clusterEvents: string[] = [];

const routes: Record<string, (request: IncomingMessage, response: ServerResponse) => unknown> = {
  '/echo': async (request, response) => {
    const body = await buffer(request);
    response.setHeader('X-Seen', JSON.stringify([request.method, request.url, request.headers]));
    response.writeHead(201, { 'Content-Length': body.length, 'X-Twice': ['a', 'b'] });
    response.end(body);
  },
  '/stream': (_request, response) => {
    response.writeHead(200, { 'Content-Type': 'application/octet-stream' });
    for (let at = 0; at < 8; at++) response.write(Buffer.alloc(200_000, at));
    response.end();
  },
  '/empty': (_request, response) => response.writeHead(204).end(),
  '/short': (_request, response) => {
    response.writeHead(200, { 'Content-Length': 10 });
    response.write('half', () => setImmediate(() => response.destroy()));
  },
  '/crash': () => process.kill(process.pid, 'SIGKILL'),
  '/nodes': async (_request, response) => {
    const sql = 'SELECT HostName, LastPingAt, 1.5, NULL FROM ClusterDiscovery WHERE Type = $1';
    const options = { dialect: 'postgres', timeoutMs: 5000 } as const;
    const { columns, rows } = await host.database.query(sql, ['mattermost_app'], options);
    const wrong = host.database.query('SELECT missing', [], options);
    const refusal = await wrong.then(
      () => '',
      (error: unknown) => String(error),
    );
    const { clusterId } = await host.api.getPluginStatus('com.example.fixture');
    response.end(JSON.stringify({ clusterId, columns, rows, refusal, clusterEvents }));
  },
  '/tell': async (request, response) => {
    const query = new URL(request.url ?? '', 'http://localhost').searchParams;
    const id = query.get('id') ?? '';
    const targetId = query.get('target') ?? '';
    const data = Buffer.from(id);
    const sent = host.api.publishPluginClusterEvent(
      { id, data },
      { sendType: 'reliable', targetId },
    );
    response.end(await sent.then(() => 'sent', String));
  },
  '/api': async (_request, response) => {
    const { api } = host;
    const key = 'key';
    const value = Buffer.from('value');
    const report = {
      configuration: await api.loadPluginConfiguration(),
      server: await api.getUnsanitizedConfig(),
      version: await api.getServerVersion(),
      license: await api.getLicense(),
      status: await api.getPluginStatus('com.example.fixture'),
      bundlePath: await api.getBundlePath(),
      isAdmin: await api.hasPermissionTo('nobody', 'manage_system'),
      missing: (await api.kvGet('missing')) === undefined,
      inserted: await api.kvSetWithOptions(key, value, { atomic: true }),
      insertedTwice: await api.kvSetWithOptions(key, value, { atomic: true }),
      read: Buffer.from((await api.kvGet(key)) ?? []).toString(),
      keys: await api.kvList(0, 10),
      events: configurationChanges,
      clusterEvents,
    };
    await api.publishPluginClusterEvent(
      { id: 'event', data: Buffer.from('x') },
      { sendType: 'reliable' },
    );
    await api.publishWebSocketEvent('news', { count: 1 }, {});
    await api.logAuditRecord({
      ...{ event: 'tryThings', isSuccess: true, apiPath: '/api', objectType: 'thing' },
      actor: { userId: 'somebody', client: '', ipAddress: '', forwardedFor: '' },
      parameters: { id: 'x', count: 2 },
    });
    host.logger.warn('a warning', { number: 5 });
    response.end(JSON.stringify(report));
  },
};

const plugin: PluginHooks = {
  onActivate(given) {
    host = given;
    if (process.env['FIXTURE_REFUSES'] !== undefined) throw new Error('will not start');
    process.stderr.write('{"@level":"info","@message":"from stderr","number":5}\n');
    return Promise.resolve();
  },
  onDeactivate() {
    host.logger.info('deactivated');
    return Promise.resolve();
  },
  onConfigurationChange() {
    configurationChanges++;
    return Promise.resolve();
  },
  configurationWillBeSaved: (settings) =>
    Promise.resolve(settings?.['greeting'] === 'rude' ? 'be polite' : undefined),
  requestListener: (request, response) => {
    const path = (request.url ?? '').replace(/\?.*$/, '');
    const route = routes[path];
    if (route === undefined) response.writeHead(404).end();
    else void route(request, response);
  },
  metricsListener: (request, response) => {
    const { authorization = 'nobody' } = request.headers;
    response.setHeader('Content-Type', 'text/plain; version=0.0.4');
    response.end(`fixture_metric{url="${request.url ?? ''}",by="${authorization}"} 1\n`);
  },
  generateSupportData: () =>
    Promise.resolve([{ filename: 'fixture/data.bin', body: Buffer.alloc(3_000_000, 7) }]),
  onPluginClusterEvent(event) {
    clusterEvents.push(event.id);
    return Promise.resolve();
  },
};

await serveMattermostPlugin({
  pluginId: 'com.example.fixture',
  load: () => Promise.resolve(plugin),
});
