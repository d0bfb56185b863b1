import { root, run } from '../../build/command.ts';
import { startAzurite } from './azurite-server.ts';
import type { Checks } from './checks.ts';
import { checkRemoteStore } from './check-remote-store.ts';
import { azureEndpointVariable, s3EndpointVariable } from './objectstore-servers.ts';
import type { Prometheus } from './prometheus.ts';
import { startS3Server } from './s3-server.ts';

/** The suites over real servers, run by jest, by the names of their files. */
const suites = {
  'objectstore-suite': 'the drivers amazons3 and azureblob pass the suite on their servers',
  'objectstore-faults':
    'no block is lost to cut, late and refused requests, nothing of others to us',
};

/** What the drivers of file stores promise, held against servers that this project did not write. */
export async function checkObjectStore(
  checks: Checks,
  directory: string,
  bundle: string,
  target: Prometheus,
): Promise<void> {
  const s3 = await startS3Server(directory);
  try {
    const azurite = await startAzurite(directory);
    try {
      const env = {
        ...process.env,
        [s3EndpointVariable]: s3.endpoint,
        [azureEndpointVariable]: azurite.endpoint,
      };
      for (const [name, title] of Object.entries(suites)) {
        await checks.check(title, () => runSuite(name, env));
      }
      const servers = { s3: s3.endpoint, azurite: azurite.endpoint };
      await checkRemoteStore({ checks, directory, bundle, target, ...servers });
    } finally {
      await azurite.daemon.stop();
    }
  } finally {
    await s3.daemon.stop();
  }
}

async function runSuite(name: string, env: NodeJS.ProcessEnv): Promise<void> {
  const jest = ['--experimental-vm-modules', `${root}node_modules/jest/bin/jest.js`];
  const suite = ['--testMatch', `**/test/conformance/${name}.ts`];
  const options = ['--maxWorkers=1'];
  await run('node', [...jest, ...suite, ...options], { cwd: root, env });
}
