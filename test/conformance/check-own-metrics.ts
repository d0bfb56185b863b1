import { writeFile } from 'node:fs/promises';
import { run } from '../../build/command.ts';
import { admin, holds, same, type Bed } from './bed.ts';
import type { GoHost } from './go-host.ts';

/** What the plugin tells without being asked over its routes: its metrics, and who did what. */
export async function checkOwnMetrics({ checks, host, directory }: Bed): Promise<void> {
  await checks.check("the server's metrics port has the plugin's own metrics", async () => {
    const response = await fetch(host.metricsUrl);
    same(response.status, 200, 'status');
    const type = String(response.headers.get('content-type'));
    holds(type.startsWith('text/plain; version=0.0.4'), type);
    const body = await response.text();
    holds(/^mattermost_plugin_metrics_ready 1$/m.test(body), body.slice(0, 500));
    holds(/^mattermost_plugin_metrics_scrapes_total [1-9]/m.test(body), 'no scrape is counted');
    const path = `${directory}/own-metrics.txt`;
    await writeFile(path, body);
    // It finds fault with names, units and missing help.
    same(
      (await run('sh', ['-c', 'promtool check metrics < "$1"', 'sh', path])).trim(),
      '',
      'promtool',
    );
  });
  await checks.check('there nobody may do more than read them', async () => {
    const head = await fetch(host.metricsUrl, { method: 'HEAD' });
    same(head.status, 200, 'HEAD');
    same((await fetch(host.metricsUrl, { method: 'POST', body: 'x' })).status, 405, 'POST');
    const other = await (await fetch(`${host.metricsUrl}/api/v1/dumps`)).text();
    holds(other.startsWith('# HELP'), 'a route of the API answers on the metrics port');
  });
}

interface AuditLine {
  event_name: string;
  status: string;
  actor: { user_id: string; ip_address: string; client: string };
  event: { parameters: Record<string, unknown>; object_type: string };
  meta: Record<string, unknown>;
  error: { description?: string; status_code?: number };
}

/** The records of the audit log as Mattermost's own type has them; after dumps were made. */
export async function checkAudit({ checks, host }: Bed): Promise<void> {
  await checks.check(
    'the audit log has who made and fetched a dump, with all its fields',
    async () => {
      const records = await auditLines(host);
      for (const name of ['createDump', 'downloadDump']) {
        const record = records.find(
          ({ event_name, status }) => event_name === name && status === 'success',
        );
        holds(record !== undefined, `no ${name} among ${records.map((r) => r.event_name).join()}`);
        const { actor, event, meta } = record;
        same(actor.user_id, admin, 'who');
        holds(actor.client !== '', 'no client');
        same(event.object_type, 'dump', 'object');
        same(String(event.parameters['id']).length, 26, 'id of the dump');
        same(event.parameters['plugin_id'], host.pluginId, 'what the server adds');
        holds(String(meta['api_path']).includes('/dumps'), JSON.stringify(meta));
      }
      const made = records.find(
        ({ event_name, status }) => event_name === 'createDump' && status === 'success',
      );
      const { fromMs, toMs } = made?.event.parameters ?? {};
      holds(Number(toMs) > Number(fromMs), `range ${String(fromMs)} to ${String(toMs)}`);
    },
  );
  await checks.check('a refused attempt is a failure with its code', async () => {
    const records = await auditLines(host);
    const refused = records.find(({ status }) => status === 'fail');
    holds(refused !== undefined, 'no failure');
    holds(/^[A-Z_]+$/.test(String(refused.error.description)), JSON.stringify(refused.error));
    holds(Number(refused.error.status_code) >= 400, JSON.stringify(refused.error));
  });
}

async function auditLines(host: GoHost): Promise<AuditLine[]> {
  const { audits } = await host.control<{ audits: AuditLine[] }>('GET', '/audits');
  return audits;
}
