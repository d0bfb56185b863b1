import type { Cardinality, Problem, StoreStatus, SyncStatus, Target } from '../api/index.ts';
import { OnDemandThread, Thread, asError, type Logger } from '../lib/runtime/index.ts';
import { Store } from '../lib/tsdb/index.ts';
import {
  Collector,
  GapLedger,
  MetadataBook,
  ScrapeClient,
  ledgerFile,
  metadataFile,
  singleServerTargets,
  type CollectorSummary,
} from './collect/index.ts';
import type { Configuration } from './configuration.ts';
import { chooseDataDirectory } from './data-directory.ts';
import { withDiskRelief } from './disk-relief.ts';
import { DumpService, SupportPacket, type BuildParts, type SupportFile } from './dump/index.ts';
import type { Environment } from './environment.ts';
import { openFilePlace, type FilePlace } from './file-place.ts';
import { freeBytes } from './free-bytes.ts';
import type { FileConfig, Host } from './mattermost/index.ts';
import { loadServerFacts, type FixedFacts } from './server-facts.ts';
import { BlockCatalog, BlockSync } from './share/index.ts';
import { storeProblem } from './store-problems.ts';

/** A worker for the store ends after this long without work. */
const idleThreadMs = 30_000;

/** What the last upload may take while the server waits for the plugin to stop (10 s in all). */
const lastSyncMs = 5_000;

/** Everything that was opened, in the order of its opening. */
interface Opened {
  logger: Logger;
  dataDirectory: string;
  problems: Problem[];
  thread: OnDemandThread;
  store: Store;
  ledger: GapLedger;
  metadata: MetadataBook;
  client: ScrapeClient;
  collector: Collector;
  catalog: BlockCatalog;
  sync: BlockSync;
  dumps: DumpService;
  packet: SupportPacket;
  place: FilePlace;
}

/**
 * Opens everything that collects, shares and dumps. The configuration is passed as a function: the
 * parts read it anew each time, so that what is saved applies live.
 */
export async function openParts(
  environment: Environment,
  host: Host,
  facts: FixedFacts,
  configuration: () => Configuration,
): Promise<Parts> {
  const { file } = configuration().server;
  const { path: dataDirectory, problems } = await chooseDataDirectory({
    dbPath: configuration().settings.dbPath,
    workingDirectory: environment.workingDirectory,
    fileDirectory: file.directory,
    bundlePath: await host.api.getBundlePath(),
  });
  const thread = storeThread(environment);
  try {
    const { clock, rng } = environment;
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
      const base = {
        ...{ environment, host, facts, configuration },
        ...{ dataDirectory, store, ledger, metadata },
        place: await openPlace(environment, host, file, dataDirectory),
      };
      const parts = assemble(base);
      parts.problems.push(...problems);
      return new Parts(environment, { ...parts, thread });
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

interface Base {
  environment: Environment;
  host: Host;
  facts: FixedFacts;
  configuration: () => Configuration;
  dataDirectory: string;
  store: Store;
  ledger: GapLedger;
  metadata: MetadataBook;
  place: FilePlace;
}

/** Connects the parts; nothing runs yet. */
function assemble(base: Base): Omit<Opened, 'thread'> {
  const { environment, host, facts, configuration, dataDirectory } = base;
  const { store, ledger, metadata, place } = base;
  const { clock, rng, hostName, pluginVersion } = environment;
  const { logger } = host;
  const settings = () => configuration().settings;
  const { file } = configuration().server;
  const objects = place.store;
  const catalog = new BlockCatalog(objects);
  const free = () => freeBytes(dataDirectory);
  const sync = new BlockSync({
    clock,
    logger,
    store: objects,
    catalog,
    local: store,
    driver: file.driverName,
    settings,
    labels: () => ({ serverId: facts.serverId, cluster: 'single', scraper: hostName }),
    epoch: () => 0,
    pluginVersion,
    freeBytes: free,
  });
  const client = new ScrapeClient({ clock, version: pluginVersion });
  const relieved = withDiskRelief(store, () => {
    sync.relieveDisk().catch((error: unknown) => {
      logger.warn('No room could be made on the disk', { error: asError(error) });
    });
  });
  const collector = new Collector({
    ...{ clock, logger, store: relieved },
    ...{ ledger, metadata, fetcher: client },
  });
  const build: BuildParts = {
    clock,
    store: objects,
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
      gaps: ledger,
      targets: () => collector.targets(),
      metadata: () => metadata.all(),
    },
    pluginId: environment.pluginId,
    node: hostName,
    dataDirectory,
  };
  const dumps = new DumpService({ ...build, logger, rng, kv: host.api, freeBytes: free });
  const rangeMs = () => settings().supportPacketMs;
  const packet = new SupportPacket({ ...build, logger, rng, rangeMs });
  return {
    logger,
    dataDirectory,
    problems: [...place.problems],
    store,
    place,
    ledger,
    metadata,
    client,
    collector,
    catalog,
    sync,
    dumps,
    packet,
  };
}

/** The running parts of a collecting node. */
export class Parts {
  readonly #environment: Environment;
  readonly #opened: Opened;

  constructor(environment: Environment, opened: Opened) {
    this.#environment = environment;
    this.#opened = opened;
  }

  get dumps(): DumpService {
    return this.#opened.dumps;
  }

  /** Begins to collect and to share; the first scrape is under way when this returns. */
  async start(configuration: Configuration): Promise<void> {
    const { catalog, collector, dumps, logger, store, sync } = this.#opened;
    collector.start(this.#targetsOf(configuration), configuration.settings);
    store.onBlockCut(() => {
      sync.wake();
    });
    // A block that is not in the file store yet must keep its name until it is.
    store.mergeWhen((block) => catalog.holds(block));
    sync.start();
    try {
      await dumps.start();
    } catch (error) {
      // The database may be away for a moment: jobs are taken up when dumps are next listed.
      logger.warn('Unfinished dumps could not be taken up yet', { error: asError(error) });
    }
  }

  /** Applies settings and targets live. */
  configure(configuration: Configuration): void {
    const { collector, sync } = this.#opened;
    collector.applySettings(configuration.settings);
    collector.applyTargets(this.#targetsOf(configuration));
    // Retention and periods may have changed.
    sync.wake();
  }

  targets(): Target[] {
    return this.#opened.collector.targets();
  }

  cardinality(): Cardinality {
    return this.#opened.collector.cardinality();
  }

  summary(): CollectorSummary {
    return this.#opened.collector.summary();
  }

  newestSampleMs(): number | undefined {
    return this.#opened.store.newestSampleMs();
  }

  oldestSampleMs(): number | undefined {
    const times = [this.#opened.store.oldestSampleMs(), this.#opened.catalog.blocks()[0]?.mint];
    const known = times.filter((time) => time !== undefined);
    return known.length === 0 ? undefined : Math.min(...known);
  }

  async storeStatus(): Promise<StoreStatus> {
    const { dataDirectory, store } = this.#opened;
    const { headSeries, headSamples, blocks, sizeBytes } = store.stats();
    return {
      path: dataDirectory,
      headSeries,
      headSamples,
      blocks,
      sizeBytes,
      freeBytes: await freeBytes(dataDirectory),
    };
  }

  syncStatus(): SyncStatus {
    return this.#opened.sync.status();
  }

  problems(): Problem[] {
    const { collector, problems, store, sync } = this.#opened;
    return [
      ...problems,
      ...collector.problems(),
      ...store.problems().map(storeProblem),
      ...sync.problems(),
    ];
  }

  supportFiles(): Promise<SupportFile[]> {
    return this.#opened.packet.files();
  }

  /** Ends in the order of the data: no more samples, then what is finished goes to the file store. */
  async close(): Promise<void> {
    const { client, collector, dumps, ledger, metadata, place, store, sync, thread } = this.#opened;
    await this.#ended(collector.stop());
    client.close();
    const ends = [
      ledger.close(),
      metadata.close(),
      store.flush(),
      sync.stop(lastSyncMs),
      dumps.stop(),
    ];
    await Promise.all(ends.map((end) => this.#ended(end)));
    await this.#ended(Promise.all([store.close(), place.close()]));
    await this.#ended(thread.stop());
  }

  /** One part that cannot end properly, as on a failing disk, must not keep the others from it. */
  #ended(end: Promise<unknown>): Promise<unknown> {
    return end.catch((error: unknown) => {
      this.#opened.logger.error('A part could not end properly', { error: asError(error) });
    });
  }

  #targetsOf({ server, settings }: Configuration) {
    return singleServerTargets(server, settings, this.#environment.hostName);
  }
}
