// Goal: `make deploy` installs a bundle in a running server. Method: the script itself against the
// stand-in's HTTP and the socket of its local mode, with a bundle of our id around the small test
// plugin. `make real-server` runs it against Mattermost's own server.
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, jest, test } from '@jest/globals';
import { pluginState, startHost, type Host } from './index.ts';
import { makeTarball } from './tar-fixture.ts';

const script = fileURLToPath(new URL('../../build/deploy.ts', import.meta.url));
const ownManifest = new URL('../../plugin.json', import.meta.url);
const fixture = fileURLToPath(new URL('fixture-plugin/main.ts', import.meta.url));

// Several processes one after the other, on a machine that has other things to do.
jest.setTimeout(180_000);

function run(env: Record<string, string>, bundle: string): Promise<string> {
  return new Promise((resolve) => {
    const options = { env: { PATH: process.env['PATH'], ...env } };
    execFile(process.execPath, [script, bundle], options, (_error, stdout, stderr) => {
      resolve(stdout + stderr);
    });
  });
}

interface Ground {
  id: string;
  directory: string;
  host: Host;
  bundle: string;
}

/** A stand-in, and a bundle whose executable is `program`. */
async function withServer(program: string, check: (ground: Ground) => Promise<void>) {
  const { id, webapp } = JSON.parse(await readFile(ownManifest, 'utf8')) as {
    id: string;
    webapp: { bundle_path: string };
  };
  const directory = await mkdtemp(join(tmpdir(), 'deploy-'));
  const host = await startHost({ directory: join(directory, 'server') });
  try {
    const bundle = join(directory, 'bundle.tar.gz');
    const manifest = { id, version: '0.8.0', server: { executable: 'plugin' }, webapp };
    await writeFile(
      bundle,
      makeTarball([
        { name: `${id}/plugin.json`, content: JSON.stringify(manifest) },
        { name: `${id}/plugin`, content: `#!${process.execPath}\n${program}\n`, mode: 0o755 },
        { name: `${id}/${webapp.bundle_path}`, content: 'the webapp' },
      ]),
    );
    await check({ id, directory, host, bundle });
  } finally {
    await host.stop();
    await rm(directory, { recursive: true });
  }
}

const running = `import(${JSON.stringify(fixture)});`;

test('deploys over HTTP with name and password, and says why not', async () => {
  await withServer(running, async ({ id, directory, host, bundle }) => {
    const address = {
      MM_LOCALSOCKETPATH: join(directory, 'none'),
      MM_SERVICESETTINGS_SITEURL: host.url,
      MM_ADMIN_USERNAME: 'admin',
    };
    expect(await run({ ...address, MM_ADMIN_PASSWORD: 'wrong' }, bundle)).toContain('401');
    expect(await run({ ...address, MM_ADMIN_PASSWORD: 'admin' }, bundle)).toBe(
      'bundle.tar.gz runs on 1 node(s)\n',
    );
    expect(host.plugin(id).state).toBe(pluginState.running);
  });
});

test('deploys over the socket of local mode, which has no route for the states of plugins', async () => {
  await withServer(running, async ({ id, directory, host, bundle }) => {
    const socket = join(directory, 'local.socket');
    await host.listenLocally(socket);
    expect(await run({ MM_LOCALSOCKETPATH: socket }, bundle)).toBe(
      `bundle.tar.gz runs on the server behind ${socket}\n`,
    );
    expect(host.plugin(id).state).toBe(pluginState.running);
  });
});

test('upgrades in a cluster whose configuration is read-only, and tells what to do at the first time', async () => {
  await withServer(running, async ({ id, directory, host, bundle }) => {
    await host.saveConfiguration({ ClusterSettings: { Enable: true, ReadOnlyConfig: true } });
    const env = {
      MM_LOCALSOCKETPATH: join(directory, 'none'),
      MM_SERVICESETTINGS_SITEURL: host.url,
      MM_ADMIN_TOKEN: host.logIn().token,
    };
    expect(await run(env, bundle)).toMatch(/500 Error saving.*\n.*PluginStates\["com.*"\]\.Enable/);
    await host.enable(id);
    expect(await run(env, bundle)).toBe('bundle.tar.gz runs on 1 node(s)\n');
  });
});

test('tells the reason of a plugin that does not start', async () => {
  await withServer('process.exit(1);', async ({ directory, host, bundle }) => {
    const printed = await run(
      {
        MM_LOCALSOCKETPATH: join(directory, 'none'),
        MM_SERVICESETTINGS_SITEURL: host.url,
        MM_ADMIN_TOKEN: host.logIn().token,
      },
      bundle,
    );
    expect(printed).toMatch(/^the plugin did not start: .+/);
  });
});
