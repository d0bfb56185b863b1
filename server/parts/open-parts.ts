import { asError, OnDemandThread, Thread, type Logger } from '../../lib/runtime/index.ts';
import { Store, type StoreThread } from '../../lib/tsdb/index.ts';
import { GapLedger, ledgerFile, MetadataBook, metadataFile } from '../collect/index.ts';
import type { Environment } from '../environment.ts';
import { loadIdentity } from '../membership/index.ts';
import { chooseDataDirectory, openFilePlace, type FilePlace } from '../places/index.ts';
import { connectParts } from './connect-parts.ts';
import { nodeNameOf, type Opening, type OpenOptions } from './opening.ts';
import { Parts } from './parts.ts';

/** A worker for the store ends after this long without work. */
const idleThreadMs = 30_000;

/** Opens everything that collects, shares and dumps. */
export async function openParts(options: OpenOptions): Promise<Parts> {
  const { environment, host, configuration } = options;
  const { rng, pluginId } = environment;
  const { cluster } = configuration().server;
  const identity = cluster.enable ? await loadIdentity(host.api, pluginId, rng) : undefined;
  const { path: dataDirectory, problems } = await findDirectory(options);
  const nodeName = nodeNameOf(options);
  const thread = storeThread(environment);
  try {
    const store = await openStore(options, dataDirectory, thread);
    try {
      const records = await openRecords(options, dataDirectory, store);
      const place = await openPlace(options, dataDirectory);
      const found = { ...options, dataDirectory, identity, nodeName, problems };
      const opening: Opening = { ...found, ...records, place, store };
      const parts = new Parts({ ...connectParts(opening), thread }, options);
      await settleRepairs(store, host.logger);
      return parts;
    } catch (error) {
      await store.close();
      throw error;
    }
  } catch (error) {
    await thread.stop();
    throw error;
  }
}

async function findDirectory({ configuration, environment, host }: OpenOptions) {
  const { server, settings } = configuration();
  return chooseDataDirectory({
    dbPath: settings.dbPath,
    workingDirectory: environment.workingDirectory,
    fileDirectory: server.file.directory,
    bundlePath: await host.api.getBundlePath(),
  });
}

function storeThread({ clock, workerEntry, fail }: Environment): OnDemandThread {
  const create = () => new Thread({ name: 'store', entry: workerEntry });
  return new OnDemandThread({ clock, create, idleMs: idleThreadMs, onHung: fail });
}

async function openStore(
  { environment, host }: OpenOptions,
  dir: string,
  thread: StoreThread,
): Promise<Store> {
  const { clock, rng } = environment;
  const store = await Store.open({
    ...{ dir, clock, rng, thread },
    onSwept(names) {
      host.logger.info('Removed what a crash had left half written', { names: names.join(' ') });
    },
  });
  for (const { code, message } of store.problems()) host.logger.warn(message, { code });
  return store;
}

/** From here on the status and the gaps say what was mended; what failed before says it again. */
async function settleRepairs(store: Store, logger: Logger): Promise<void> {
  try {
    await store.settleRepairs();
  } catch (error) {
    logger.warn('What was mended in the log of the store will be told again', {
      code: 'REPAIRS_NOT_SETTLED',
      error: asError(error),
    });
  }
}

/** What lies beside the samples: where some are missing, and what exporters say of their metrics. */
async function openRecords({ environment, host }: OpenOptions, directory: string, store: Store) {
  const { clock } = environment;
  const { logger } = host;
  const ledger = await GapLedger.open({ file: ledgerFile(directory), clock });
  ledger.lostInLog(store.lostRanges());
  const metadata = await MetadataBook.open({ file: metadataFile(directory), clock, logger });
  return { ledger, metadata };
}

async function openPlace(
  { configuration, environment, host }: OpenOptions,
  dataDirectory: string,
): Promise<FilePlace> {
  const { clock, rng, workingDirectory } = environment;
  const { api, logger } = host;
  const { file } = configuration().server;
  // The licence matters to nothing else here.
  const license = file.s3?.isEncrypted === true ? await api.getLicense() : undefined;
  const isComplianceLicensed = license?.features.compliance === true;
  const options = { clock, rng, logger, workingDirectory, dataDirectory, isComplianceLicensed };
  const place = openFilePlace(file, { ...options, environment: process.env });
  for (const { code, message, advice } of place.problems) logger.error(message, { code, advice });
  return place;
}
