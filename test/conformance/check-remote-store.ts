import { readFile } from 'node:fs/promises';
import manifest from '../../plugin.json' with { type: 'json' };
import type { Dump, TargetList } from '../../api/index.ts';
import { admin, ask, getStatus, holds, makeDump, same, waitForSamples, type Bed } from './bed.ts';
import { eventually, type Checks } from './checks.ts';
import { GoHost } from './go-host.ts';
import {
  accessKeyId,
  azureAccount,
  azureKey,
  azureSettings,
  bucket,
  secretAccessKey,
} from './objectstore-servers.ts';
import type { Prometheus } from './prometheus.ts';

/** A driver as the server's configuration names it, and the same with a key that is wrong. */
interface Driver {
  name: string;
  settings: Record<string, unknown>;
  wrongKey: Record<string, unknown>;
  /** What the store's server calls a wrong key. */
  refusal: string;
}

function drivers(s3: string, azurite: string): Driver[] {
  return [
    {
      name: 'amazons3',
      settings: {
        DriverName: 'amazons3',
        AmazonS3AccessKeyId: accessKeyId,
        AmazonS3SecretAccessKey: secretAccessKey,
        AmazonS3Bucket: bucket,
        AmazonS3PathPrefix: 'chat files',
        AmazonS3Endpoint: s3,
        AmazonS3SSL: false,
      },
      wrongKey: { AmazonS3SecretAccessKey: 'wrong' },
      refusal: 'STORE_CREDENTIALS',
    },
    {
      name: 'azureblob',
      settings: {
        DriverName: 'azureblob',
        AzureAuthMode: 'shared_key',
        AzureStorageAccount: azureAccount,
        AzureAccessKey: azureKey,
        AzureContainer: bucket,
        AzurePathPrefix: 'chat files',
        AzureCloud: 'custom',
        AzureEndpoint: azureSettings(azurite, '').endpoint,
        AzureSSL: false,
        AzureRequestTimeoutMilliseconds: 30_000,
      },
      wrongKey: { AzureAccessKey: 'd3Jvbmc=' },
      refusal: 'STORE_DENIED',
    },
  ];
}

/** What these checks stand on. */
export interface RemoteStoreBed {
  checks: Checks;
  directory: string;
  bundle: string;
  target: Prometheus;
  s3: string;
  azurite: string;
}

/** The built bundle under Mattermost's supervisor, its file store a bucket and a container. */
export async function checkRemoteStore(bed: RemoteStoreBed): Promise<void> {
  for (const driver of drivers(bed.s3, bed.azurite)) {
    await bed.checks.check(`the bundle keeps its dumps in ${driver.name}`, () =>
      withServer(bed, `${bed.directory}/${driver.name}`, driver.settings, keepsDumps),
    );
    if (driver.name === 'amazons3') {
      const unsupported = { ...driver.settings, AmazonS3SignV2: true };
      await bed.checks.check('signatures of version 2 are told, and dumps stay on the disk', () =>
        withServer(bed, `${bed.directory}/sign-v2`, unsupported, tellsUnsupported),
      );
    }
    const wrong = { ...driver.settings, ...driver.wrongKey };
    await bed.checks.check(`a wrong key for ${driver.name} is told, and collecting goes on`, () =>
      withServer(bed, `${bed.directory}/${driver.name}-wrong`, wrong, (server) =>
        tellsRefusal(server, driver.refusal),
      ),
    );
  }
}

/** Settings that the server can use and this plugin cannot. */
async function tellsUnsupported(bed: Bed): Promise<void> {
  const startedMs = Date.now();
  await waitForSamples(bed, 0, 5000);
  const { problems } = await getStatus(bed);
  const problem = problems.find(({ code }) => code === 'FILE_STORE_UNSUPPORTED');
  holds(problem?.message.includes('AmazonS3SignV2') === true, 'no problem names the setting');
  holds(problem.advice !== '', 'no advice');
  const log = await readFile(`${bed.directory}/host.log`, 'utf8');
  holds(log.includes('FILE_STORE_UNSUPPORTED'), 'the log does not tell it');
  await makeDump(bed, startedMs - 60_000, Date.now() + 1000);
}

async function withServer(
  { bundle, checks, target }: RemoteStoreBed,
  directory: string,
  fileSettings: Record<string, unknown>,
  run: (bed: Bed) => Promise<void>,
): Promise<void> {
  const host = await GoHost.start(directory, bundle, {
    MetricsSettings: { Enable: true, ListenAddress: `127.0.0.1:${target.port}` },
    FileSettings: fileSettings,
    PluginSettings: {
      Enable: true,
      Plugins: {
        [manifest.id]: {
          scrapeintervalseconds: 1,
          scrapetimeoutseconds: 1,
          enablenodeexportertargets: false,
        },
      },
    },
  });
  try {
    await host.activate();
    await run({ checks, directory, host, target, intervalMs: 1000 });
  } finally {
    await host.kill();
  }
}

async function keepsDumps(bed: Bed): Promise<void> {
  const startedMs = Date.now();
  await waitForSamples(bed, 0, 5000);
  await eventually('a pass of the sync', 10_000, async () =>
    (await getStatus(bed)).sync.lastSuccessMs === null ? undefined : true,
  );
  const dump = await makeDump(bed, startedMs - 60_000, Date.now() + 1000);
  const response = await bed.host.request(`/api/v1/dumps/${dump.id}/archive`, admin);
  same(response.status, 200, 'status of the archive');
  const bytes = (await response.arrayBuffer()).byteLength;
  same(bytes, dump.sizeBytes, 'bytes of the archive');
  const { problems } = await getStatus(bed);
  same(JSON.stringify(problems), '[]', 'problems');
  await ask<Dump>(bed, `/dumps/${dump.id}`, { method: 'DELETE' }, 204);
}

async function tellsRefusal(bed: Bed, code: string): Promise<void> {
  await waitForSamples(bed, 0, 5000);
  const status = await eventually('the problem', 10_000, async () => {
    const current = await getStatus(bed);
    return current.sync.lastError === null ? undefined : current;
  });
  same(status.sync.lastError?.code, code, 'last error');
  const problem = status.problems.find((one) => one.code === 'SYNC_FAILED');
  holds(problem?.message.includes(code) === true, 'no problem names the refusal');
  holds(problem.advice !== '', 'no advice');
  const text = JSON.stringify(status);
  for (const secret of [secretAccessKey, azureKey]) holds(!text.includes(secret), 'a key is told');
  await waitForSamples(bed, status.nowMs, 5000);
  const { targets } = await ask<TargetList>(bed, '/targets');
  same(targets.map(({ state }) => state).join(), 'up', 'targets');
}
