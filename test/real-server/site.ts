import { execFile } from 'node:child_process';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Dump, Status, TargetList } from '../../api/index.ts';
import { eventually, type Checks } from '../conformance/checks.ts';
import type { RecordingExporter } from '../conformance/recording-exporter.ts';
import { RealServer, type RealServerOptions } from './real-server.ts';
import { password, SiteClient } from './site-client.ts';

/** A path of a server that is slow because the machine is: what is waited for comes, or never. */
export const patienceMs = 60_000;

/** What every group of checks works on: a server, those who use it, and something to collect. */
export interface Site {
  checks: Checks;
  directory: string;
  bundle: string;
  pluginId: string;
  options: RealServerOptions;
  server: RealServer;
  anonymous: SiteClient;
  /** System administrator by the cookies of a browser. */
  admin: SiteClient;
  /** The same by a personal access token. */
  script: SiteClient;
  /** That token. */
  token: string;
  /** Signed in, without a right. */
  someone: SiteClient;
  exporter: RecordingExporter;
  exporterPort: number;
}

/** Makes the accounts of a fresh server; the first one is its administrator. */
export async function makeAccounts(server: RealServer) {
  const anonymous = new SiteClient(server.url);
  const { id } = await createAccount(anonymous, 'admin');
  await createAccount(anonymous, 'someone');
  const admin = await signInAdmin(anonymous);
  const { token } = await admin.call<{ token: string }>('POST', `/api/v4/users/${id}/tokens`, {
    description: 'the checks',
  });
  const someone = await anonymous.signIn('someone');
  return { anonymous, admin, token, script: anonymous.withToken(token), someone };
}

/** Makes an account with the password of everybody here. */
export function createAccount(anonymous: SiteClient, username: string): Promise<{ id: string }> {
  const email = `${username}@example.com`;
  return anonymous.call('POST', '/api/v4/users', { username, email, password });
}

export function signInAdmin(anonymous: SiteClient): Promise<SiteClient> {
  return anonymous.signIn('admin');
}

/** Environment of `make deploy` for an administrator with a password. */
export function passwordLogin(site: Site): Record<string, string> {
  return {
    MM_LOCALSOCKETPATH: `${site.directory}/no-socket`,
    MM_SERVICESETTINGS_SITEURL: site.server.url,
    MM_ADMIN_USERNAME: 'admin',
    MM_ADMIN_PASSWORD: password,
  };
}

/** Runs `build/deploy.ts` and returns what it printed. */
export function runDeploy(
  bundle: string,
  env: Record<string, string>,
): Promise<{ printed: string; hasFailed: boolean }> {
  const script = fileURLToPath(new URL('../../build/deploy.ts', import.meta.url));
  return new Promise((resolve) => {
    const options = { env: { PATH: process.env['PATH'], ...env } };
    execFile(process.execPath, [script, bundle], options, (error, stdout, stderr) => {
      resolve({ printed: (stdout + stderr).trim(), hasFailed: error !== null });
    });
  });
}

export function pluginPath(site: Pick<Site, 'pluginId'>, path: string): string {
  return `/plugins/${site.pluginId}/api/v1${path}`;
}

export function getStatus(site: Site): Promise<Status> {
  return site.admin.call<Status>('GET', pluginPath(site, '/status'));
}

export function getTargets(site: Site): Promise<TargetList> {
  return site.admin.call<TargetList>('GET', pluginPath(site, '/targets'));
}

/** Waits until the plugin stores samples that are newer than `sinceMs`. */
export async function samplesAfter(site: Site, sinceMs: number): Promise<void> {
  await eventually(`samples after ${sinceMs}`, patienceMs, async () => {
    const status = await getStatus(site).catch(() => undefined);
    return (status?.newestSampleMs ?? 0) > sinceMs ? true : undefined;
  });
}

/** Orders a dump and waits until it is ready. */
export async function makeDump(site: Site, from: number, to: number): Promise<Dump> {
  const { id } = await site.admin.call<Dump>('POST', pluginPath(site, '/dumps'), { from, to });
  return eventually(`dump ${id} is ready`, patienceMs, async () => {
    const dump = await site.admin.call<Dump>('GET', pluginPath(site, `/dumps/${id}`));
    if (dump.state === 'failed' || dump.state === 'cancelled') {
      throw new Error(`dump ${dump.state}: ${JSON.stringify(dump.error)}`);
    }
    return dump.state === 'ready' ? dump : undefined;
  });
}

/** The plugin's processes; there should be one at most. */
export async function pluginProcesses(site: Site): Promise<number[]> {
  const found: number[] = [];
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const [stat, command] = await Promise.all([
      readFile(`/proc/${name}/stat`, 'utf8').catch(() => ''),
      readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => ''),
    ]);
    const isOfServer = stat.slice(stat.lastIndexOf(')')).split(' ')[2] === String(site.server.pid);
    if (isOfServer && command.includes(site.pluginId)) found.push(Number(name));
  }
  return found;
}

/** Saves a change of the configuration as System Console does. */
export async function patchConfig(site: Site, change: object): Promise<void> {
  await site.admin.call('PUT', '/api/v4/config/patch', change);
}

/** Saves settings of the plugin beside those that it has: the server takes them as a whole. */
export async function patchSettings(site: Site, settings: object): Promise<void> {
  const all = { ...(await savedSettings(site)), ...settings };
  await patchConfig(site, { PluginSettings: { Plugins: { [site.pluginId]: all } } });
}

/** Settings of the plugin as the server shows them. */
export async function savedSettings(site: Site): Promise<Record<string, unknown>> {
  const config = await site.admin.call<{
    PluginSettings: { Plugins: Record<string, Record<string, unknown>> };
  }>('GET', '/api/v4/config');
  return config.PluginSettings.Plugins[site.pluginId] ?? {};
}

/** Changes what only the server's own file can change, and lets the server read it again. */
export async function editConfig(
  site: Site,
  change: Record<string, Record<string, unknown>>,
): Promise<void> {
  const path = `${site.options.directory}/config/config.json`;
  const config = JSON.parse(await readFile(path, 'utf8')) as Record<string, object>;
  for (const [section, values] of Object.entries(change)) {
    config[section] = { ...config[section], ...values };
  }
  await writeFile(path, JSON.stringify(config));
  await site.admin.call('POST', '/api/v4/config/reload');
}

/** Ends the server in order and starts it again over what it left. */
export async function restart(site: Site): Promise<void> {
  await site.server.stop();
  site.server = await RealServer.start(site.options);
}
