// Copies one block to an S3 server as the plugin does; the parent watches the private memory.
// usage: upload-memory-child.ts ENDPOINT BLOCK_DIRECTORY
import { S3Store } from '../../lib/objectstore/index.ts';
import { silentLogger, systemClock } from '../../lib/runtime/index.ts';
import { blockInfo, BlockShelf } from '../../server/share/block-fixture.ts';
import { BlockCatalog, BlockSync } from '../../server/share/index.ts';
import { s3Settings } from '../conformance/objectstore-servers.ts';
import { report } from './child.ts';

const [endpoint = '', directory = ''] = process.argv.slice(2);
const hourMs = 3_600_000;

const local = new BlockShelf();
local.add(await blockInfo(directory));
const store = new S3Store(s3Settings(endpoint, `bench ${process.pid}`), {
  verifiesCertificates: true,
  environment: {},
});
const catalog = new BlockCatalog(store);
const sync = new BlockSync({
  clock: systemClock,
  logger: silentLogger,
  store,
  catalog,
  local,
  driver: 'amazons3',
  settings: () => ({
    retentionMs: 15 * 24 * hourMs,
    localSizeLimitBytes: 0,
    syncPeriodMs: hourMs,
    cleanupPeriodMs: hourMs,
  }),
  labels: () => ({ serverId: 'bench', cluster: 'single', scraper: 'bench' }),
  epoch: () => 0,
  pluginVersion: '0.0.0',
  freeBytes: () => Promise.resolve(null),
});

globalThis.gc?.();
process.once('message', () => {
  sync.start();
  sync.syncNow().then(
    () => {
      report({ blocks: catalog.blocks().length });
    },
    (error: unknown) => {
      throw error;
    },
  );
});
report({});
