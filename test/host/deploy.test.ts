// Goal: `make deploy` installs a bundle in a running server. Method: the script itself against the
// stand-in's HTTP, with a bundle of our id around the small test plugin.
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { pluginState, startHost } from './index.ts';
import { makeTarball } from './tar-fixture.ts';

const script = fileURLToPath(new URL('../../build/deploy.ts', import.meta.url));
const ownManifest = new URL('../../plugin.json', import.meta.url);
const fixture = fileURLToPath(new URL('fixture-plugin/main.ts', import.meta.url));

function run(env: Record<string, string>, bundle: string): Promise<string> {
  return new Promise((resolve) => {
    const options = { env: { PATH: process.env['PATH'], ...env } };
    execFile(process.execPath, [script, bundle], options, (_error, stdout, stderr) => {
      resolve(stdout + stderr);
    });
  });
}

test('deploys over HTTP with name and password, and says why not', async () => {
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
        {
          name: `${id}/plugin`,
          content: `#!${process.execPath}\nimport(${JSON.stringify(fixture)});\n`,
          mode: 0o755,
        },
        { name: `${id}/${webapp.bundle_path}`, content: 'the webapp' },
      ]),
    );
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
  } finally {
    await host.stop();
    await rm(directory, { recursive: true });
  }
});
