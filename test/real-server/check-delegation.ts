import type { Dump, DumpList, Status } from '../../api/index.ts';
import { holds, same } from '../conformance/bed.ts';
import { eventually } from '../conformance/checks.ts';
import { auditRecords } from './audit-records.ts';
import { BrowserEvents } from './browser-events.ts';
import { createAccount, makeDump, patienceMs, pluginPath, type Site } from './site.ts';
import type { SiteClient } from './site-client.ts';

/** Roles that a server without a licence gives to users; each gets one permission of the console. */
const roles = { reader: 'system_user_access_token', writer: 'system_post_all' };
const permissions = {
  reader: 'sysconsole_read_environment_performance_monitoring',
  writer: 'sysconsole_write_environment_performance_monitoring',
};

/** Somebody who may more than others and does not administer the system. */
interface Delegate {
  id: string;
  client: SiteClient;
}

/** What the permissions of the page "Performance Monitoring" give to those who do not administer. */
export async function checkDelegation(site: Site): Promise<void> {
  const { checks } = site;
  const delegates = await checks.check(
    'roles get the permissions of the console page',
    async () => ({
      reader: await delegate(site, 'reader'),
      writer: await delegate(site, 'writer'),
    }),
  );
  if (delegates === undefined) return;
  const { reader, writer } = delegates;
  await checks.check('who may read sees status, targets and dumps', () => seesAll(site, reader));
  await checks.check('… makes, fetches, cancels and deletes nothing', () =>
    changesNothing(site, reader),
  );
  await checks.check('who may write does all of it, and sees no alias', () =>
    changesAll(site, writer),
  );
  await checks.check('browsers of both hear of changes, others do not', () =>
    hearChanges(site, [reader, writer]),
  );
  await checks.check('a permission that is taken away is over at once', () =>
    losesRight(site, reader),
  );
}

async function delegate(site: Site, kind: 'reader' | 'writer'): Promise<Delegate> {
  const { admin } = site;
  const { id } = await createAccount(site.anonymous, kind);
  await changeRole(admin, roles[kind], (known) => [...known, permissions[kind]]);
  await admin.call('PUT', `/api/v4/users/${id}/roles`, { roles: `system_user ${roles[kind]}` });
  return { id, client: await site.anonymous.signIn(kind) };
}

async function changeRole(
  admin: SiteClient,
  name: string,
  change: (permissions: string[]) => string[],
): Promise<void> {
  const role = await admin.call<{ id: string; permissions: string[] }>(
    'GET',
    `/api/v4/roles/name/${name}`,
  );
  const body = { permissions: change(role.permissions) };
  await admin.call('PUT', `/api/v4/roles/${role.id}/patch`, body);
}

async function seesAll(site: Site, { client }: Delegate): Promise<void> {
  const { can } = await client.call<Status>('GET', pluginPath(site, '/status'));
  same(JSON.stringify(can), '{"read":true,"write":false,"manage":false}', 'can');
  for (const path of ['/targets', '/dumps', '/cardinality']) {
    same((await client.fetch(pluginPath(site, path))).status, 200, path);
  }
  const root = await client.fetch(`/plugins/${site.pluginId}/tsdb/stats`);
  same(root.status, 200, 'the route of the Go plugin');
}

async function changesNothing(site: Site, { client, id }: Delegate): Promise<void> {
  const ready = await makeDump(site, Date.now() - 60_000, Date.now());
  const [from, to] = [Date.now() - 60_000, Date.now()];
  const attempts: [method: string, path: string, body?: object][] = [
    ['POST', '/dumps', { from, to }],
    ['POST', '/dumps/preview', { from, to }],
    ['GET', `/dumps/${ready.id}/archive`],
    ['GET', `/dumps/${ready.id}/aliases`],
    ['POST', `/dumps/${ready.id}/cancel`],
    ['DELETE', `/dumps/${ready.id}`],
    ['POST', '/sync'],
  ];
  for (const [method, path, body] of attempts) {
    const response = await client.fetch(pluginPath(site, path), request(method, body));
    const { code } = (await response.json()) as { code: string };
    same(`${response.status} ${code}`, '403 NOT_PERMITTED', `${method} ${path}`);
  }
  const list = await client.call<DumpList>('GET', pluginPath(site, '/dumps'));
  same(list.dumps.find((dump) => dump.id === ready.id)?.state, 'ready', 'the dump');
  holds(!list.dumps.some(({ createdBy }) => createdBy === id), 'a dump was made');
  const refused = (await auditRecords(site)).filter(
    ({ actor, status }) => actor.user_id === id && status === 'fail',
  );
  const told = refused.map(({ event_name, error }) => `${event_name} ${error.description}`).sort();
  const names = ['cancelDump', 'createDump', 'deleteDump', 'downloadDump', 'downloadDumpAliases'];
  same(
    told.join(),
    [...names, 'syncMetrics'].map((name) => `${name} NOT_PERMITTED`).join(),
    'what the audit log tells of it',
  );
  const { parameters } = refused.find(({ event_name }) => event_name === 'createDump')!.event;
  same(`${String(parameters['fromMs'])} ${String(parameters['toMs'])}`, `${from} ${to}`, 'range');
}

async function changesAll(site: Site, { client, id }: Delegate): Promise<void> {
  const path = (rest: string) => pluginPath(site, rest);
  const { can } = await client.call<Status>('GET', path('/status'));
  same(JSON.stringify(can), '{"read":true,"write":true,"manage":false}', 'can');
  const order = { from: Date.now() - 60_000, to: Date.now(), redaction: 'hosts-and-ids' };
  const dump = await client.call<Dump>('POST', path('/dumps'), order);
  same(dump.createdBy, id, 'who made it');
  await eventually('the dump is ready', patienceMs, async () => {
    const { state } = await client.call<Dump>('GET', path(`/dumps/${dump.id}`));
    return state === 'ready' ? true : undefined;
  });
  const archive = await client.fetch(path(`/dumps/${dump.id}/archive`));
  same(archive.status, 200, 'the archive');
  await archive.arrayBuffer();
  const aliases = path(`/dumps/${dump.id}/aliases`);
  same((await client.fetch(aliases)).status, 403, 'its aliases');
  same((await site.admin.fetch(aliases)).status, 200, 'its aliases for the administrator');
  same((await client.fetch(path('/sync'), request('POST'))).ok, true, 'a sync');
  const gone = await client.fetch(path(`/dumps/${dump.id}`), request('DELETE'));
  same(gone.status, 204, 'its end');
  const records = (await auditRecords(site)).filter(
    ({ actor, event }) => actor.user_id === id && event.parameters['id'] === dump.id,
  );
  same(
    records.map(({ event_name, status }) => `${event_name} ${status}`).join(),
    'createDump success,downloadDump success,downloadDumpAliases fail,deleteDump success',
    'what the audit log tells of it',
  );
  for (const { event } of records.filter(({ status }) => status === 'success')) {
    same(event.object_type, 'dump', 'object');
    same(event.parameters['fromMs'], order.from, 'begin of its range');
    same(event.parameters['toMs'], order.to, 'end of its range');
  }
}

/** Open pages of all kinds of people, while the administrator makes a dump. */
async function hearChanges(site: Site, delegates: readonly Delegate[]): Promise<void> {
  const clients = [...delegates.map(({ client }) => client), site.admin, site.someone];
  const pages = await Promise.all(clients.map((client) => BrowserEvents.open(site, client)));
  const own = `custom_${site.pluginId}_changed`;
  try {
    // What their pages do first.
    for (const client of clients) await client.fetch(pluginPath(site, '/status'));
    await makeDump(site, Date.now() - 60_000, Date.now());
    for (const [at, page] of pages.slice(0, 3).entries()) {
      await eventually(`page ${at} hears of the dump`, patienceMs, () =>
        Promise.resolve(page.payloads(own).includes('{"what":"dumps"}') ? true : undefined),
      );
    }
    const other = pages[3]!;
    // An event of the server's own behind them: whatever came before it has come.
    await changePreference(site.someone);
    await eventually('the other page is connected', patienceMs, () =>
      Promise.resolve(other.payloads('preferences_changed').length > 0 ? true : undefined),
    );
    same(other.payloads(own).join(), '', 'what the other page hears');
  } finally {
    for (const page of pages) page.close();
  }
}

async function losesRight(site: Site, { client }: Delegate): Promise<void> {
  const page = await BrowserEvents.open(site, client);
  const own = `custom_${site.pluginId}_changed`;
  try {
    await client.call('GET', pluginPath(site, '/status'));
    await changeRole(site.admin, roles.reader, (known) =>
      known.filter((permission) => permission !== permissions.reader),
    );
    same((await client.fetch(pluginPath(site, '/status'))).status, 403, 'status');
    const before = page.payloads(own).length;
    await makeDump(site, Date.now() - 60_000, Date.now());
    await changePreference(client);
    await eventually('the page is connected', patienceMs, () =>
      Promise.resolve(page.payloads('preferences_changed').length > 0 ? true : undefined),
    );
    same(page.payloads(own).length, before, 'events that it heard');
  } finally {
    page.close();
  }
}

/** Changes something of one's own, of which the server tells one's browsers. */
async function changePreference(client: SiteClient): Promise<void> {
  const { id } = await client.call<{ id: string }>('GET', '/api/v4/users/me');
  const preference = {
    user_id: id,
    category: 'advanced_settings',
    name: 'join_leave',
    value: 'true',
  };
  await client.call('PUT', `/api/v4/users/${id}/preferences`, [preference]);
}

function request(method: string, body?: object): RequestInit {
  if (body === undefined) return { method };
  const headers = { 'content-type': 'application/json' };
  return { method, headers, body: JSON.stringify(body) };
}
