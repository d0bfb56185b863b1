import { readFile } from 'node:fs/promises';
import type { Status } from '../../api/index.ts';
import { holds, same } from '../conformance/bed.ts';
import { eventually } from '../conformance/checks.ts';
import { makeDump, patienceMs, pluginPath, type Site } from './site.ts';
import type { SiteClient } from './site-client.ts';

/** Who may what, by the server's own sessions and permissions. */
export async function checkAccess(site: Site): Promise<void> {
  const { checks, anonymous, admin, script, someone } = site;
  const path = pluginPath(site, '/status');
  const statusFor = async (client: SiteClient) => (await client.fetch(path)).status;
  await checks.check('nobody is let in without a session, and nobody without a right', async () => {
    same(await statusFor(anonymous), 401, 'without a session');
    same(await statusFor(anonymous.withToken('x'.repeat(26))), 401, 'with a token that is none');
    same(await statusFor(someone), 403, 'without a right');
  });
  await checks.check('a browser and a token of the administrator may everything', async () => {
    for (const client of [admin, script]) {
      const { can } = await client.call<Status>('GET', path);
      same(JSON.stringify(can), '{"read":true,"write":true}', 'can');
    }
  });
  await checks.check('a request of another site, without the CSRF token, is nobody', async () => {
    const body = JSON.stringify({ from: Date.now() - 60_000, to: Date.now() });
    const headers = { 'content-type': 'application/json' };
    const order = { method: 'POST', body, headers };
    const response = await admin.withoutCsrf().fetch(pluginPath(site, '/dumps'), order);
    same(response.status, 401, 'status');
  });
  await checks.check('events reach the browser of the administrator alone', () => hearEvents(site));
  await checks.check('the audit log tells who did what', async () => {
    const me = await admin.call<{ id: string }>('GET', '/api/v4/users/me');
    const text = await readFile(`${site.options.directory}/logs/audit.log`, 'utf8');
    const records = text
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as AuditLine);
    const of = (name: string) => records.filter(({ event_name }) => event_name === name);
    for (const name of ['createDump', 'downloadDump']) {
      const [record] = of(name);
      same(record?.actor.user_id, me.id, `who did ${name}`);
      same(record?.status, 'success', name);
      same(record?.event.parameters['plugin_id'], site.pluginId, 'plugin');
    }
    const changes = of('changeMetricsSettings').map(
      ({ status, event }) => `${status} ${String(event.parameters['keys'])}`,
    );
    holds(changes.includes('success CustomTargetSecrets,CustomTargets'), changes.join('\n'));
    holds(changes.includes('fail ScrapeIntervalSeconds'), changes.join('\n'));
    holds(!text.includes('abcdef'), 'a secret stands in the audit log');
  });
}

interface AuditLine {
  event_name: string;
  status: string;
  actor: { user_id: string };
  event: { parameters: Record<string, unknown> };
}

/** Opens websockets as browsers do and looks what they hear while a dump is made. */
async function hearEvents(site: Site): Promise<void> {
  const heard = { admin: [] as string[], someone: [] as string[] };
  const sockets = await Promise.all([
    listen(site.admin, site.server.url, heard.admin),
    listen(site.someone, site.server.url, heard.someone),
  ]);
  const own = `custom_${site.pluginId}_`;
  await makeDump(site, Date.now() - 60_000, Date.now());
  await eventually('an event of the plugin', patienceMs, () =>
    Promise.resolve(heard.admin.some((event) => event.startsWith(own)) ? true : undefined),
  );
  for (const socket of sockets) socket.close();
  holds(heard.someone.includes('hello'), 'the other browser is not connected');
  holds(!heard.someone.some((event) => event.startsWith(own)), 'somebody without a right hears');
}

async function listen(client: SiteClient, url: string, heard: string[]): Promise<WebSocket> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/api/v4/websocket`);
  await new Promise((resolve, reject) => {
    socket.addEventListener('open', resolve, { once: true });
    socket.addEventListener('error', reject, { once: true });
  });
  socket.addEventListener('message', ({ data }) => {
    const { event } = JSON.parse(String(data)) as { event?: string };
    if (event !== undefined) heard.push(event);
  });
  const challenge = {
    seq: 1,
    action: 'authentication_challenge',
    data: { token: client.sessionToken },
  };
  socket.send(JSON.stringify(challenge));
  await eventually('the server greets', patienceMs, () =>
    Promise.resolve(heard.includes('hello') ? true : undefined),
  );
  return socket;
}
