import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { holds, same } from '../conformance/bed.ts';
import { eventually } from '../conformance/checks.ts';
import { auditRecords } from './audit-records.ts';
import { getStatus, patienceMs, savedSettings, type Site } from './site.ts';

/** What whoever saves reads, whichever way they save. */
const sentence = 'Metrics plugin: ScrapeIntervalSeconds: must be from 1 to 300.';

interface ServerConfig {
  TeamSettings: { MaxUsersPerTeam: number };
  PluginSettings: { Plugins: Record<string, Record<string, unknown>> };
}

/** A save that is refused says why, and nothing of it is taken; by the API and by `mmctl`. */
export async function checkSaves(site: Site): Promise<void> {
  const { checks } = site;
  await checks.check('a whole configuration that is put is refused with the sentence', () =>
    putConfig(site),
  );
  await checks.check('mmctl prints the sentence, over the socket and with a token', async () => {
    const [socket = [], token = []] = await waysOfMmctl(site);
    for (const [way, key] of [
      [socket, 'DumpRetentionDays'],
      [token, 'SupportPacketMetricsDays'],
    ] as const) {
      const change = { scrapeintervalseconds: 0, [key.toLowerCase()]: 3 };
      const { printed, hasFailed } = await patchByMmctl(site, way, change);
      holds(hasFailed, `it says: ${printed}`);
      holds(printed.includes(sentence), `it says: ${printed}`);
      same((await savedSettings(site))['scrapeintervalseconds'], 1, 'what is saved');
      await refusalRecorded(site, `${key},ScrapeIntervalSeconds`);
    }
  });
  await checks.check('what mmctl saves is taken without a restart', async () => {
    const [socket] = await waysOfMmctl(site);
    for (const seconds of [2, 1]) {
      const change = { scrapeintervalseconds: seconds };
      const { printed, hasFailed } = await patchByMmctl(site, socket ?? [], change);
      holds(!hasFailed, `it says: ${printed}`);
      await eventually(`an interval of ${seconds} s`, patienceMs, async () =>
        (await getStatus(site)).scrapeIntervalSeconds === seconds ? true : undefined,
      );
    }
  });
}

async function putConfig(site: Site): Promise<void> {
  const { admin, pluginId } = site;
  const config = await admin.call<ServerConfig>('GET', '/api/v4/config');
  const before = config.TeamSettings.MaxUsersPerTeam;
  config.PluginSettings.Plugins[pluginId]!['scrapeintervalseconds'] = 0;
  config.TeamSettings.MaxUsersPerTeam = before + 1;
  const response = await admin.fetch('/api/v4/config', {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(config),
  });
  const told = (await response.json()) as { message: string };
  same(response.status, 400, `status; ${told.message}`);
  holds(told.message.includes(sentence), `the server says: ${told.message}`);
  const after = await admin.call<ServerConfig>('GET', '/api/v4/config');
  same(after.TeamSettings.MaxUsersPerTeam, before, 'another setting of the same save');
  config.PluginSettings.Plugins[pluginId]!['scrapeintervalseconds'] = 1;
  await admin.call('PUT', '/api/v4/config', config);
  const saved = await admin.call<ServerConfig>('GET', '/api/v4/config');
  same(saved.TeamSettings.MaxUsersPerTeam, before + 1, 'the other setting without the bad one');
}

/** The record waits some seconds for somebody who announces the save, which `mmctl` does not do. */
async function refusalRecorded(site: Site, keys: string): Promise<void> {
  const names = keys.split(',').sort().join(',');
  const records = await eventually(`the record of a refused ${keys}`, patienceMs, async () => {
    const found = (await auditRecords(site)).filter(
      ({ event_name, status, event }) =>
        event_name === 'changeMetricsSettings' &&
        status === 'fail' &&
        event.parameters['keys'] === names,
    );
    return found.length > 0 ? found : undefined;
  });
  same(records.length, 1, 'records in the audit log');
  same(records[0]?.actor.user_id, '', 'who it was');
}

/** Arguments of `mmctl` for the socket of local mode, and for a session of a token. */
async function waysOfMmctl(site: Site): Promise<string[][]> {
  const tokenFile = `${site.directory}/token`;
  await writeFile(tokenFile, site.token, { mode: 0o600 });
  const name = `checks${Date.now()}`;
  const login = ['auth', 'login', site.server.url, '--name', name];
  const { printed, hasFailed } = await mmctl(site, [...login, '--access-token-file', tokenFile]);
  holds(!hasFailed, `it says: ${printed}`);
  return [['--local'], []];
}

async function patchByMmctl(site: Site, way: readonly string[], change: object) {
  const settings = { ...(await savedSettings(site)), ...change };
  const file = `${site.directory}/patch.json`;
  const config = { PluginSettings: { Plugins: { [site.pluginId]: settings } } };
  await writeFile(file, JSON.stringify(config));
  return await mmctl(site, [...way, 'config', 'patch', file]);
}

/** Runs `mmctl` with a home of its own and returns what it printed. */
function mmctl(
  { directory, options, server }: Site,
  args: readonly string[],
): Promise<{ printed: string; hasFailed: boolean }> {
  const env = {
    PATH: process.env['PATH'],
    HOME: directory,
    XDG_CONFIG_HOME: directory,
    MMCTL_LOCAL_SOCKET_PATH: server.socketPath,
  };
  return new Promise((resolve) => {
    execFile(options.build.commandLine, args, { env }, (error, stdout, stderr) => {
      resolve({ printed: (stdout + stderr).trim(), hasFailed: error !== null });
    });
  });
}
