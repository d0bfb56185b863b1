import type { Problem } from '../api/index.ts';
import { OnDemandThread, Thread, asError } from '../lib/runtime/index.ts';
import { Store } from '../lib/tsdb/index.ts';
import {
  GapLedger,
  MetadataBook,
  ScrapeClient,
  ledgerFile,
  metadataFile,
} from './collect/index.ts';
import { DumpService, SupportPacket, type BuildParts, type DumpFacts } from './dump/index.ts';
import {
  Collecting,
  type Rehearsal,
  withDiskRelief,
  GapCopier,
  HeadKeeper,
  headSource,
  targetSource,
} from './duty/index.ts';
import type { Environment } from './environment.ts';
import type { FileConfig, Host } from './mattermost/index.ts';
import { Membership, loadIdentity, type NodeIdentity } from './membership/index.ts';
import type { OpenedParts } from './opened-parts.ts';
import { Parts, type PartsPorts } from './parts.ts';
import {
  chooseDataDirectory,
  openFilePlace,
  type FilePlace,
  freeBytes,
  isSameDisk,
} from './places/index.ts';
import { loadServerFacts, type FixedFacts } from './server-facts.ts';
import { BlockCatalog, BlockSync, HeadSnapshots, type BlockLabels } from './share/index.ts';
import { CollectorView, OwnState } from './state/index.ts';

/** A worker for the store ends after this long without work. */
const idleThreadMs = 30_000;

/** What parts are opened with. */
export interface OpenOptions extends PartsPorts {
  environment: Environment;
  host: Host;
  facts: FixedFacts;
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
      ledger.lostInLog(store.lostRanges());
      const metadata = await MetadataBook.open({
        file: metadataFile(dataDirectory),
        clock,
        logger: host.logger,
      });
      const place = await openPlace(environment, host, file, dataDirectory);
      for (const { code, message, advice } of place.problems) {
        host.logger.error(message, { code, advice });
      }
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
      return new Parts({ ...assemble(base), thread }, options);
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
  { api, logger }: Host,
  file: FileConfig,
  dataDirectory: string,
): Promise<FilePlace> {
  // The licence matters to nothing else here.
  const license = file.s3?.isEncrypted === true ? await api.getLicense() : undefined;
  const isComplianceLicensed = license?.features.compliance === true;
  const options = { clock, rng, logger, workingDirectory, dataDirectory, isComplianceLicensed };
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

/** A store that keeps nothing, as collecting sees the real one. */
async function openRehearsal({ clock, rng }: Environment): Promise<Rehearsal> {
  const rehearsal = await Store.rehearsal({ clock, rng });
  const store = withDiskRelief(rehearsal, () => undefined);
  return { store, close: () => rehearsal.close() };
}

/** Connects the parts; nothing runs yet. */
function assemble(base: Base): Omit<OpenedParts, 'thread'> {
  const { environment, host, configuration, dataDirectory } = base;
  const { store, ledger, metadata, place } = base;
  const { clock, rng } = environment;
  const { logger } = host;
  const nodeName = nameOf(base);
  const membership = openMembership(base, nodeName);
  const { catalog, snapshots, sync } = openSharing(base, nodeName, membership);
  const client = new ScrapeClient({ clock, version: environment.pluginVersion });
  const relieved = withDiskRelief(store, () => {
    sync.relieveDisk().catch((error: unknown) => {
      logger.warn('No room could be made on the disk', {
        code: 'SYNC_NO_ROOM_MADE',
        error: asError(error),
      });
    });
  });
  const collecting = new Collecting({
    ...{ clock, logger, hostName: nodeName, store: relieved },
    ...{ ledger, metadata, fetcher: client, openRehearsal: () => openRehearsal(environment) },
  });
  const state = new OwnState({
    ...{ dataDirectory, store, collecting, ledger, metadata, catalog, sync },
  });
  const view = membership && openView(base, membership, state);
  const collected: DumpFacts['collected'] = async (range) =>
    view === undefined || membership?.mode === 'scraper'
      ? state.collected(range)
      : await view.collected(range);
  const gapCopier =
    view === undefined
      ? undefined
      : new GapCopier({
          ...{ clock, logger, ledger },
          isListening: () => membership?.mode === 'listener' && membership.collector().node !== '',
          ask: (fromMs) => view.gaps({ fromMs, toMs: clock.nowMs() + 1 }),
        });
  const nodes: DumpFacts['nodes'] = () => knownNodes(base, nodeName, membership);
  const heads = headSource({ store, snapshots, membership });
  const build: BuildParts = { ...dumpParts(base, nodeName, { collected, nodes }), catalog, heads };
  const dumps = new DumpService({
    ...{ ...build, logger, rng, kv: host.api },
    owner: base.identity?.id ?? nodeName,
    isShared: membership !== undefined,
    onCreated: () => membership?.tell('job.wake', {}),
    onChange: base.onDumpChange,
    freeBytes: () => freeBytes(dataDirectory),
    retentionMs: () => configuration().settings.dumpRetentionMs,
    mayDelete: () => membership?.mayDelete() ?? true,
  });
  const packet = openPacket(base, build, dumps);
  const onPublished = () => membership?.tell('store.changed', {});
  const keeper = isWorthKeeping(base)
    ? new HeadKeeper({ clock, logger, store, snapshots, collecting, dataDirectory, onPublished })
    : undefined;
  return {
    ...{ clock, logger, dataDirectory, store, place, ledger, metadata, client },
    ...{ collecting, state, catalog, snapshots, keeper, sync, dumps, packet },
    ...{ membership, view, gapCopier },
    host: nodeName,
    targets: targetSource({ environment, host, configuration, clusterId: base.identity?.id }),
    problems: [...base.problems, ...place.problems],
  };
}

function openView({ environment, host }: Base, membership: Membership, state: OwnState) {
  return new CollectorView({
    ...{ clock: environment.clock, logger: host.logger },
    isThere: () => membership.collector().node !== '',
    copied: (range) => state.collected(range),
    ask: (ask) => membership.askInPages('state.get', ask),
  });
}

function openPacket(base: Base, build: BuildParts, dumps: DumpService): SupportPacket {
  const { configuration, dataDirectory, environment, host } = base;
  return new SupportPacket({
    ...{ ...build, logger: host.logger, rng: environment.rng },
    rangeMs: () => configuration().settings.supportPacketMs,
    freeBytes: () => freeBytes(dataDirectory),
    dumps,
  });
}

/** By which administrators know this node: the name that they gave it, or the machine's. */
function nameOf({ configuration, environment }: Base): string {
  const { cluster } = configuration().server;
  const given = cluster.enable ? cluster.overrideHostname.trim() : '';
  return given === '' ? environment.hostName : given;
}

/** A single server's own directory is lost together with the disk that the WAL is on. */
function isWorthKeeping({ configuration }: Base): boolean {
  const { cluster, file } = configuration().server;
  return cluster.enable || (file.driverName !== 'local' && file.driverName !== '');
}

function openMembership(
  { environment, host, facts, identity }: Base,
  nodeName: string,
): Membership | undefined {
  if (identity === undefined) return undefined;
  const { clock, rng, pluginVersion } = environment;
  const { api, logger } = host;
  const { serverVersion } = facts;
  return new Membership({
    ...{ clock, rng, logger, api, identity, host: nodeName },
    ...{ pluginVersion, serverVersion },
  });
}

/** What copies blocks and snapshots to the file store. */
function openSharing(base: Base, nodeName: string, membership: Membership | undefined) {
  const { environment, host, facts, configuration, dataDirectory, place } = base;
  const { clock, pluginVersion } = environment;
  const { cluster, file } = configuration().server;
  // A cluster without a name is labelled as a server that has none.
  const name = cluster.enable && cluster.clusterName !== '' ? cluster.clusterName : 'single';
  const labels: BlockLabels = { serverId: facts.serverId, cluster: name, scraper: nodeName };
  const catalog = new BlockCatalog(place.store);
  const shared = {
    ...{ clock, logger: host.logger, store: place.store, pluginVersion },
    labels: () => labels,
    settings: () => configuration().settings,
    epoch: () => membership?.epoch ?? 0,
    mayDelete: () => membership?.mayDelete() ?? true,
  };
  const snapshots = new HeadSnapshots({ ...shared, blocks: catalog });
  const sync = new BlockSync({
    ...{ ...shared, catalog, local: base.store, driver: file.driverName },
    freeBytes: () => freeBytes(dataDirectory),
    onCopied: () => membership?.tell('store.changed', {}),
    onLost: (blocks) => base.ledger.lost(blocks),
    ...(isWorthKeeping(base) ? { savedUntilMs: () => snapshots.savedUntilMs() } : {}),
  });
  return { catalog, snapshots, sync };
}

/** What a dump tells of the nodes. */
function knownNodes(
  { environment, facts }: Base,
  nodeName: string,
  membership: Membership | undefined,
): ReturnType<DumpFacts['nodes']> {
  const { clock, pluginVersion } = environment;
  const { serverVersion } = facts;
  if (membership === undefined) {
    return [{ host: nodeName, mode: 'both', pluginVersion, serverVersion, seenMs: clock.nowMs() }];
  }
  return membership.nodes().map(({ host, mode, seenMs, ...versions }) => {
    const { pluginVersion, serverVersion } = versions;
    return { host, mode, pluginVersion, serverVersion, seenMs };
  });
}

function dumpParts(
  base: Base,
  nodeName: string,
  told: Pick<DumpFacts, 'collected' | 'nodes'>,
): Omit<BuildParts, 'catalog' | 'heads'> {
  const { environment, host, facts, configuration, dataDirectory, place, store } = base;
  const { hostName, pluginVersion } = environment;
  return {
    clock: environment.clock,
    store: place.store,
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
      ...told,
    },
    pluginId: environment.pluginId,
    node: nodeName,
    dataDirectory,
    archiveDisk: archiveDiskOf(place, dataDirectory),
  };
}

/** Of a file store that is a directory of this node: what is free there. */
function archiveDiskOf({ directory }: FilePlace, dataDirectory: string) {
  if (directory === undefined) return undefined;
  return async () => ({
    freeBytes: await freeBytes(directory),
    isOfData: await isSameDisk(directory, dataDirectory),
  });
}
