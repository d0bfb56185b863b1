import type { Status } from '../../api/index.ts';
import { holds, same } from '../conformance/bed.ts';
import { eventually } from '../conformance/checks.ts';
import { auditRecords, auditText } from './audit-records.ts';
import { patienceMs, pluginPath, type Site } from './site.ts';
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
      same(JSON.stringify(can), '{"read":true,"write":true,"manage":true}', 'can');
    }
  });
  await checks.check('a request of another site, without the CSRF token, is nobody', async () => {
    const body = JSON.stringify({ from: Date.now() - 60_000, to: Date.now() });
    const headers = { 'content-type': 'application/json' };
    const order = { method: 'POST', body, headers };
    const response = await admin.withoutCsrf().fetch(pluginPath(site, '/dumps'), order);
    same(response.status, 401, 'status');
  });
  await checks.check('the audit log tells who did what', async () => {
    const me = await admin.call<{ id: string }>('GET', '/api/v4/users/me');
    // Records of saves wait some seconds for somebody who announces them.
    const wanted = ['success CustomTargetSecrets,CustomTargets', 'fail ScrapeIntervalSeconds'];
    const records = await eventually('records of the saves', patienceMs, async () => {
      const found = await auditRecords(site);
      const told = found.map(
        ({ status, event }) => `${status} ${String(event.parameters['keys'])}`,
      );
      return wanted.every((one) => told.includes(one)) ? found : undefined;
    });
    const of = (name: string) => records.filter(({ event_name }) => event_name === name);
    for (const name of ['createDump', 'downloadDump']) {
      const [record] = of(name);
      same(record?.actor.user_id, me.id, `who did ${name}`);
      same(record?.status, 'success', name);
      same(record?.event.parameters['plugin_id'], site.pluginId, 'plugin');
    }
    holds(!(await auditText(site)).includes('abcdef'), 'a secret stands in the audit log');
  });
}
