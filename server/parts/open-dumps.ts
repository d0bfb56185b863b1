import { asError, Thread } from '../../lib/runtime/index.ts';
import { DumpService, SupportPacket, type BuildParts, type DumpFacts } from '../dump/index.ts';
import { headSource } from '../duty/index.ts';
import type { Membership } from '../membership/index.ts';
import { freeBytes, isSameDisk, type FilePlace } from '../places/index.ts';
import { loadServerFacts } from '../server-facts.ts';
import type { BlockCatalog, HeadSnapshots } from '../share/index.ts';
import type { CollectorView, OwnState } from '../state/index.ts';
import type { Opening } from './opening.ts';

/** A dump moves bytes and keeps few objects: collecting them often costs it little. */
const dumpYoungSpaceMb = 3;

/** Where dumps find what this node does not have itself. */
interface DumpSources {
  catalog: BlockCatalog;
  snapshots: HeadSnapshots;
  state: OwnState;
  /** Undefined on a server that is not in a cluster, as `view` is. */
  membership: Membership | undefined;
  view: CollectorView | undefined;
}

/** What makes dumps, for administrators and for support packets. */
export function openDumps(
  opening: Opening,
  sources: DumpSources,
): { dumps: DumpService; packet: SupportPacket } {
  const { configuration, dataDirectory, environment, host, identity, nodeName } = opening;
  const { rng } = environment;
  const { logger } = host;
  const { membership } = sources;
  const build = buildParts(opening, sources);
  const dumps = new DumpService({
    ...{ ...build, logger, rng, kv: host.api },
    owner: identity?.id ?? nodeName,
    isShared: membership !== undefined,
    onCreated: () => membership?.tell('job.wake', {}),
    onChange: opening.onDumpChange,
    freeBytes: () => freeBytes(dataDirectory),
    retentionMs: () => configuration().settings.dumpRetentionMs,
    mayDelete: () => membership?.mayDelete() ?? true,
  });
  const packet = new SupportPacket({
    ...{ ...build, logger, rng },
    rangeMs: () => configuration().settings.supportPacketMs,
    freeBytes: () => freeBytes(dataDirectory),
    dumps,
  });
  return { dumps, packet };
}

function buildParts(opening: Opening, sources: DumpSources): BuildParts {
  const { dataDirectory, environment, nodeName, place, store } = opening;
  const { catalog, membership, snapshots } = sources;
  return {
    clock: environment.clock,
    store: place.store,
    catalog,
    heads: headSource({ store, snapshots, membership }),
    local: () => store,
    openThread: () =>
      new Thread({
        name: 'dump',
        entry: environment.workerEntry,
        maxYoungSpaceMb: dumpYoungSpaceMb,
      }),
    onHungThread: (error) => {
      environment.fail(asError(error));
    },
    facts: dumpFacts(opening, sources),
    pluginId: environment.pluginId,
    node: nodeName,
    dataDirectory,
    archiveDisk: archiveDiskOf(place, dataDirectory),
  };
}

/** What dumps tell about the server, its nodes and what was collected. */
function dumpFacts(opening: Opening, { membership, state, view }: DumpSources): DumpFacts {
  const { configuration, environment, facts, host } = opening;
  const { hostName, pluginVersion } = environment;
  return {
    server: () => {
      const { siteUrl } = configuration().server.service;
      return loadServerFacts(host.api, facts, { siteUrl, hostName });
    },
    pluginVersion,
    scrapeIntervalMs: () => configuration().settings.scrapeIntervalMs,
    collected: async (range) =>
      view === undefined || membership?.mode === 'scraper'
        ? state.collected(range)
        : await view.collected(range),
    nodes: () => knownNodes(opening, membership),
  };
}

function knownNodes(
  { environment, facts, nodeName }: Opening,
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

/** Of a file store that is a directory of this node: what is free there. */
function archiveDiskOf({ directory }: FilePlace, dataDirectory: string) {
  if (directory === undefined) return undefined;
  return async () => ({
    freeBytes: await freeBytes(directory),
    isOfData: await isSameDisk(directory, dataDirectory),
  });
}
