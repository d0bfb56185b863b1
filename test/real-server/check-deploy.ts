import { holds, same } from '../conformance/bed.ts';
import { eventually } from '../conformance/checks.ts';
import { unpackArchive } from '../conformance/dump-archive.ts';
import { run } from '../../build/command.ts';
import { readFile, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import {
  editConfig,
  getStatus,
  passwordLogin,
  patienceMs,
  pluginProcesses,
  runDeploy,
  samplesAfter,
  type Site,
} from './site.ts';

interface PluginStatus {
  plugin_id: string;
  state: number;
  version: string;
}

/** The first installation, over the socket of local mode. */
async function install(site: Site): Promise<void> {
  const { checks, bundle, server, admin, pluginId } = site;
  await checks.check(
    'make deploy over the socket of local mode installs it and it runs',
    async () => {
      const { printed } = await runDeploy(bundle, { MM_LOCALSOCKETPATH: server.socketPath });
      same(
        printed,
        `${basename(bundle)} runs on the server behind ${server.socketPath}`,
        'printed',
      );
      const statuses = await admin.call<PluginStatus[]>('GET', '/api/v4/plugins/statuses');
      same(statuses.find(({ plugin_id }) => plugin_id === pluginId)?.state, 2, 'state');
    },
  );
  await checks.check(
    'the server offers its page to browsers, and the script is there',
    async () => {
      const list = await admin.call<{ id: string; webapp: { bundle_path: string } }[]>(
        'GET',
        '/api/v4/plugins/webapp',
      );
      const path = list.find(({ id }) => id === pluginId)?.webapp.bundle_path ?? '';
      const script = await admin.fetch(path.replace('/static/', '/static/plugins/'));
      same(script.status, 200, path);
      holds((await script.text()).includes('registerPlugin'), 'the script registers no plugin');
    },
  );
  await checks.check('it knows the server that it runs in', async () => {
    const { serverVersion, mode } = await getStatus(site);
    same(serverVersion, '11.1.0', 'server');
    same(mode, 'both', 'mode');
  });
}

/** What an administrator sees who did something wrong. */
async function refuse(site: Site): Promise<void> {
  const { checks, bundle, token } = site;
  const login = passwordLogin(site);
  const tell = async (env: Record<string, string>, expected: RegExp) => {
    const { printed, hasFailed } = await runDeploy(bundle, env);
    holds(hasFailed && expected.test(printed), `printed: ${printed}`);
  };
  await checks.check('make deploy tells of a wrong password', () =>
    tell({ ...login, MM_ADMIN_PASSWORD: 'wrong' }, /^POST \/users\/login: 401 .*password/i),
  );
  await checks.check('make deploy tells of a token that is none', () =>
    tell({ ...login, MM_ADMIN_TOKEN: 'x'.repeat(26) }, /^POST \/plugins: 401 .*session/i),
  );
  await checks.check('make deploy tells of an address without a server', () =>
    tell({ ...login, MM_SERVICESETTINGS_SITEURL: 'http://127.0.0.1:1' }, /ECONNREFUSED/),
  );
  await checks.check('make deploy tells that uploads are switched off', async () => {
    // The server takes no such change over HTTP: it stands in its file.
    await editConfig(site, { PluginSettings: { EnableUploads: false } });
    try {
      await tell({ ...login, MM_ADMIN_TOKEN: token }, /^POST \/plugins: 501 .*uploads.*disabled/i);
    } finally {
      await editConfig(site, { PluginSettings: { EnableUploads: true } });
    }
  });
  await checks.check('make deploy tells of a server that takes signed plugins alone', async () => {
    await editConfig(site, { PluginSettings: { RequirePluginSignature: true } });
    try {
      await tell(
        { ...login, MM_ADMIN_TOKEN: token },
        /^POST \/plugins: \d+ .*(uploads|signature)/i,
      );
    } finally {
      await editConfig(site, { PluginSettings: { RequirePluginSignature: false } });
    }
  });
}

/** A newer version over one that runs, by the ways that make deploy has. */
async function upgrade(site: Site): Promise<void> {
  const { checks, admin, pluginId, token } = site;
  const newer = await newerBundle(site);
  const oldestMs = (await getStatus(site)).oldestSampleMs;
  const deploy = async (title: string, bundle: string, env: Record<string, string>) =>
    checks.check(title, async () => {
      const [before] = await pluginProcesses(site);
      const sinceMs = Date.now();
      const { printed } = await runDeploy(bundle, env);
      same(printed, `${basename(bundle)} runs on 1 node(s)`, 'printed');
      const after = await pluginProcesses(site);
      same(after.length, 1, 'processes');
      holds(after[0] !== before, 'the same process goes on');
      await samplesAfter(site, sinceMs);
      same((await getStatus(site)).oldestSampleMs, oldestMs, 'the oldest sample');
    });
  const login = passwordLogin(site);
  await deploy('make deploy with a password upgrades it while it runs', newer, login);
  await checks.check('the new version runs', async () => {
    const statuses = await admin.call<PluginStatus[]>('GET', '/api/v4/plugins/statuses');
    same(statuses.find(({ plugin_id }) => plugin_id === pluginId)?.version, '0.99.0', 'version');
  });
  const { MM_ADMIN_USERNAME, MM_ADMIN_PASSWORD, ...address } = login;
  holds(MM_ADMIN_USERNAME !== MM_ADMIN_PASSWORD, 'no password');
  await deploy('make deploy with a token goes back to the older one', site.bundle, {
    ...address,
    MM_ADMIN_TOKEN: token,
  });
}

/** The end: the server forgets the plugin, what was collected stays. */
async function remove(site: Site): Promise<void> {
  const { checks, admin, pluginId, options } = site;
  await checks.check('removing it ends its process and leaves what it has collected', async () => {
    await admin.call('DELETE', `/api/v4/plugins/${pluginId}`);
    await eventually('no process', patienceMs, async () =>
      (await pluginProcesses(site)).length === 0 ? true : undefined,
    );
    const wal = await run('find', [
      `${options.directory}/mattermost-plugin-metrics/data`,
      '-type',
      'f',
    ]);
    holds(wal.includes('/wal/'), 'the data directory is empty');
  });
}

/** The same bundle with another version. */
async function newerBundle({ directory, bundle, pluginId }: Site): Promise<string> {
  const unpacked = `${directory}/newer`;
  await unpackArchive(bundle, unpacked);
  const path = `${unpacked}/${pluginId}/plugin.json`;
  const manifest = JSON.parse(await readFile(path, 'utf8')) as object;
  await writeFile(path, JSON.stringify({ ...manifest, version: '0.99.0' }));
  const newer = `${directory}/newer.tar.gz`;
  await run('tar', ['-C', unpacked, '-cf', newer, '--use-compress-program=gzip -1', pluginId]);
  return newer;
}

export const checkDeploy = { install, refuse, upgrade, remove };
