import type { Problem } from '../api/index.ts';
import { OnDemandThread, Thread, asError } from '../lib/runtime/index.ts';
import { Store } from '../lib/tsdb/index.ts';
import { Lease } from './cluster/index.ts';
import {
  GapLedger,
  MetadataBook,
  ScrapeClient,
  ledgerFile,
  metadataFile,
} from './collect/index.ts';
import { Collecting } from './collecting.ts';
import type { Configuration } from './configuration.ts';
import { chooseDataDirectory } from './data-directory.ts';
import { withDiskRelief } from './disk-relief.ts';
import { DumpService, SupportPacket, type BuildParts } from './dump/index.ts';
import type { Environment } from './environment.ts';
import { openFilePlace, type FilePlace } from './file-place.ts';
import { freeBytes } from './free-bytes.ts';
import type { FileConfig, Host } from './mattermost/index.ts';
import { Membership } from './membership.ts';
import { loadIdentity, type NodeIdentity } from './node-identity.ts';
import { OwnState } from './own-state.ts';
import { Parts, type Opened } from './parts.ts';
import { isPidAlive } from './pid.ts';
import { loadServerFacts, type FixedFacts } from './server-facts.ts';
import { BlockCatalog, BlockSync } from './share/index.ts';
import { singleServer } from './target-source.ts';

/** A worker for the store ends after this long without work. */
const idleThreadMs = 30_000;

/** What parts are opened with. */
export interface OpenOptions {
  environment: Environment;
  host: Host;
  facts: FixedFacts;
  /** Read anew each time, so that what is saved applies live. */
  configuration: () => Configuration;
}

/** Opens everything that collects, shares and dumps. */
export async function openParts(options: OpenOptions): Promise<Parts> {
  const { environment, host, configuration } = options;
  const { clock, rng, pluginId } = environment;
  const { cluster, file } = configuration().server;
  const identity = cluster.enable ? await loadIdentity(host.api, pluginId, rng) : undefined;
  const { path: dataDirectory, problems } = await chooseDataDirectory({
    dbPath: configuration().settings.dbPath,
    workingDirectory: environment.workingDirectory,
    fileDirectory: file.directory,
    bundlePath: await host.api.getBundlePath(),
  });
  const thread = storeThread(environment);
  try {
    const store = await Store.open({
      ...{ dir: dataDirectory, clock, rng, thread },
      onSwept(names) {
        host.logger.info('Removed what a crash had left half written', { names: names.join(' ') });
      },
    });
    for (const { code, message } of store.problems()) host.logger.warn(message, { code });
    try {
      const ledger = await GapLedger.open({ file: ledgerFile(dataDirectory), clock });
      const metadata = await MetadataBook.open({
        file: metadataFile(dataDirectory),
        clock,
        logger: host.logger,
      });
      const place = await openPlace(environment, host, file, dataDirectory);
      const base = {
        ...options,
        dataDirectory,
        problems,
        store,
        ledger,
        metadata,
        place,
        identity,
      };
      return new Parts({ ...assemble(base), thread }, configuration);
    } catch (error) {
      await store.close();
      throw error;
    }
  } catch (error) {
    await thread.stop();
    throw error;
  }
}

async function openPlace(
  { clock, rng, workingDirectory }: Environment,
  { api }: Host,
  file: FileConfig,
  dataDirectory: string,
): Promise<FilePlace> {
  // The licence matters to nothing else here.
  const license = file.s3?.isEncrypted === true ? await api.getLicense() : undefined;
  const isComplianceLicensed = license?.features.compliance === true;
  const options = { clock, rng, workingDirectory, dataDirectory, isComplianceLicensed };
  return openFilePlace(file, { ...options, environment: process.env });
}

function storeThread({ clock, workerEntry, fail }: Environment): OnDemandThread {
  const create = () => new Thread({ name: 'store', entry: workerEntry });
  return new OnDemandThread({ clock, create, idleMs: idleThreadMs, onHung: fail });
}

interface Base extends OpenOptions {
  dataDirectory: string;
  problems: Problem[];
  store: Store;
  ledger: GapLedger;
  metadata: MetadataBook;
  place: FilePlace;
  /** Undefined on a server that is not in a cluster. */
  identity: NodeIdentity | undefined;
}

/** Connects the parts; nothing runs yet. */
function assemble(base: Base): Omit<Opened, 'thread'> {
  const { environment, host, configuration, dataDirectory } = base;
  const { store, ledger, metadata, place } = base;
  const { clock, rng, hostName } = environment;
  const { logger } = host;
  const membership = openMembership(base);
  const catalog = new BlockCatalog(place.store);
  const sync = openSync(base, catalog, membership);
  const client = new ScrapeClient({ clock, version: environment.pluginVersion });
  const relieved = withDiskRelief(store, () => {
    sync.relieveDisk().catch((error: unknown) => {
      logger.warn('No room could be made on the disk', { error: asError(error) });
    });
  });
  const collecting = new Collecting({
    ...{ clock, logger, hostName, store: relieved },
    ...{ ledger, metadata, fetcher: client },
  });
  const state = new OwnState({
    ...{ dataDirectory, store, collecting, ledger, metadata, catalog, sync },
  });
  const build = dumpParts(base, catalog, state);
  const free = () => freeBytes(dataDirectory);
  const dumps = new DumpService({ ...build, logger, rng, kv: host.api, freeBytes: free });
  const rangeMs = () => configuration().settings.supportPacketMs;
  const packet = new SupportPacket({ ...build, logger, rng, rangeMs });
  return {
    ...{ clock, logger, dataDirectory, store, place, ledger, metadata, client },
    ...{ collecting, state, catalog, sync, dumps, packet, membership },
    targets: singleServer(configuration, hostName),
    problems: [...base.problems, ...place.problems],
  };
}

function openMembership({ environment, host, identity }: Base): Membership | undefined {
  if (identity === undefined) return undefined;
  const { clock, rng, hostName, pluginVersion } = environment;
  const { logger } = host;
  const { id, boot, problems } = identity;
  const lease = new Lease({
    ...{ kv: host.api, clock, rng, logger, isPidAlive },
    identity: { id, boot, pid: process.pid, host: hostName, version: pluginVersion },
  });
  return new Membership({ clock, logger, lease, id, problems });
}

function openSync(base: Base, catalog: BlockCatalog, membership?: Membership): BlockSync {
  const { environment, host, facts, configuration, dataDirectory, place, store } = base;
  const { clock, hostName, pluginVersion } = environment;
  const { cluster, file } = configuration().server;
  // The label of a cluster without a name is that of servers that have none.
  const name = cluster.enable && cluster.clusterName !== '' ? cluster.clusterName : 'single';
  return new BlockSync({
    ...{ clock, logger: host.logger, catalog, local: store, store: place.store, pluginVersion },
    driver: file.driverName,
    settings: () => configuration().settings,
    labels: () => ({ serverId: facts.serverId, cluster: name, scraper: hostName }),
    epoch: () => membership?.epoch ?? 0,
    freeBytes: () => freeBytes(dataDirectory),
  });
}

function dumpParts(base: Base, catalog: BlockCatalog, state: OwnState): BuildParts {
  const { environment, host, facts, configuration, dataDirectory, place, store } = base;
  const { hostName, pluginVersion } = environment;
  return {
    clock: environment.clock,
    store: place.store,
    catalog,
    local: () => store,
    openThread: () => new Thread({ name: 'dump', entry: environment.workerEntry }),
    onHungThread: (error) => {
      environment.fail(asError(error));
    },
    facts: {
      server: () => {
        const { siteUrl } = configuration().server.service;
        return loadServerFacts(host.api, facts, { siteUrl, hostName });
      },
      pluginVersion,
      scrapeIntervalMs: () => configuration().settings.scrapeIntervalMs,
      collected: (range) => Promise.resolve(state.collected(range)),
    },
    pluginId: environment.pluginId,
    node: hostName,
    dataDirectory,
  };
}
