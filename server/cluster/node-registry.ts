import { consolePages, makeProblem, say, type Problem } from '../../api/index.ts';
import { asError, endsWithin, sleep, type Clock, type Logger } from '../../lib/runtime/index.ts';
import { clockSkewOf, skewProblems, type ClockSkew } from './clock-skew.ts';
import * as limits from './limits.ts';
import {
  encodeAnnouncement,
  parseAnnouncement,
  writtenMsOf,
  type NodeAnnouncement,
  type NodeInfo,
} from './node-record.ts';
import { isSameBytes } from './sightings.ts';

/** The calls of the server's key-value store that the registry needs; `PluginApi` has them. */
export interface RegistryKv {
  kvGet(key: string): Promise<Uint8Array | undefined>;
  kvSetWithOptions(
    key: string,
    value: Uint8Array | undefined,
    options: { expireInSeconds?: number },
  ): Promise<boolean>;
  kvDelete(key: string): Promise<void>;
  kvList(page: number, perPage: number): Promise<string[]>;
}

export interface NodeRegistryPorts {
  kv: RegistryKv;
  clock: Clock;
  logger: Logger;
  /** What this node says of itself; asked before each announcement. */
  self(): NodeAnnouncement;
  /** The first announcement can be read. It must not throw. */
  onAnnounced?(): void;
}

interface Known {
  node: NodeAnnouncement;
  raw: Uint8Array;
  seenWallMs: number;
  seenMs: number;
  /** When the record was read last, changed or not. */
  readMs: number;
  skew: ClockSkew | undefined;
}

const keyPrefix = 'node:';

/**
 * Which nodes run the plugin, in which version and mode: each writes a record that expires, and reads
 * those of the others. It is for people; who collects is the lease's matter, and what is collected
 * stands in the server's own table.
 */
export class NodeRegistry {
  readonly #ports: NodeRegistryPorts;
  readonly #stopped = new AbortController();
  #known = new Map<string, Known>();
  #nap = new AbortController();
  #isFailing = false;
  #hasGreeted = false;
  #loop: Promise<void> | undefined;

  constructor(ports: NodeRegistryPorts) {
    this.#ports = ports;
  }

  /** Announces this node from now on. Returns at once. */
  start(): void {
    if (!this.#stopped.signal.aborted) this.#loop ??= this.#run();
  }

  /** Announces and reads at once: the mode changed, or another node said hello. */
  refresh(): void {
    this.#nap.abort();
  }

  /** Takes this node's record away. Ends within a second and never throws. */
  async leave(): Promise<void> {
    if (this.#stopped.signal.aborted) return;
    this.#stopped.abort();
    this.#nap.abort();
    if (this.#loop === undefined) return;
    const { clock, kv, logger } = this.#ports;
    const gone = this.#loop
      .then(() => kv.kvDelete(this.#ownKey()))
      .catch((error: unknown) => {
        const message = 'The record of this node stays until it expires';
        logger.debug(message, { error: asError(error) });
      });
    await endsWithin(clock, limits.leaveLimitMs, gone);
  }

  /** This node and those that were heard of in the last five minutes, by host name. */
  nodes(): NodeInfo[] {
    const { clock } = this.#ports;
    const self = this.#ports.self();
    const nodes = [{ ...self, seenMs: clock.nowMs(), isSelf: true }];
    for (const { node, seenWallMs } of this.#fresh()) {
      // A server that restarts may get another cluster id; its old record stays until it expires.
      if (nodes.some((other) => isSameMachine(other, node))) continue;
      nodes.push({ ...node, seenMs: seenWallMs, isSelf: false });
    }
    return nodes.sort((a, b) =>
      a.host === b.host ? compare(a.id, b.id) : compare(a.host, b.host),
    );
  }

  problems(): Problem[] {
    const clocks = this.#fresh().map(({ node, skew }) => ({ host: node.host, skew }));
    return [...this.#versionProblems(), ...skewProblems(this.#ports.self().host, clocks)];
  }

  #versionProblems(): Problem[] {
    const nodes = this.nodes();
    if (new Set(nodes.map(({ pluginVersion }) => pluginVersion)).size < 2) return [];
    const versions = nodes.map(({ host, pluginVersion }) =>
      say('cluster.version', { host, version: pluginVersion }),
    );
    return [
      makeProblem({
        code: 'CLUSTER_MIXED_VERSIONS',
        severity: 'warning',
        message: say('cluster.versions', { versions }),
        advice: say('cluster.versions.advice'),
        link: consolePages.pluginManagement,
      }),
    ];
  }

  /** Records that changed in the last five minutes, the newest first. */
  #fresh(): Known[] {
    const nowMs = this.#ports.clock.monotonicMs();
    return [...this.#known.values()]
      .filter(({ seenMs }) => nowMs - seenMs < limits.announcementLifeMs)
      .sort((a, b) => b.seenMs - a.seenMs);
  }

  async #run(): Promise<void> {
    const { clock } = this.#ports;
    while (!this.#stopped.signal.aborted) {
      // Asked for meanwhile, this ends the pause below at once.
      this.#nap = new AbortController();
      const isDone = await this.#announceAndRead();
      // However often somebody asks.
      await sleep(clock, limits.pokeGapMs, this.#stopped.signal);
      const pauseMs = isDone ? limits.announceMs : limits.failedAnnouncementPauseMs;
      await sleep(clock, pauseMs - limits.pokeGapMs, this.#nap.signal);
    }
  }

  async #announceAndRead(): Promise<boolean> {
    const { clock, kv, logger } = this.#ports;
    try {
      const raw = encodeAnnouncement(this.#ports.self(), clock.nowMs());
      const expireInSeconds = limits.announcementLifeMs / 1000;
      await kv.kvSetWithOptions(this.#ownKey(), raw, { expireInSeconds });
      this.#greet();
      await this.#readOthers();
      this.#isFailing = false;
      return true;
    } catch (error) {
      if (!this.#isFailing) {
        const message = 'The registry of nodes cannot be written or read; it is tried again';
        logger.warn(message, { code: 'CLUSTER_REGISTRY_FAILING', error: asError(error) });
      }
      this.#isFailing = true;
      return false;
    }
  }

  /** Once there is a record to read. */
  #greet(): void {
    if (!this.#hasGreeted) this.#ports.onAnnounced?.();
    this.#hasGreeted = true;
  }

  async #readOthers(): Promise<void> {
    const { kv, clock } = this.#ports;
    const known = new Map<string, Known>();
    for (const key of await this.#keys()) {
      if (this.#stopped.signal.aborted) return;
      const raw = await kv.kvGet(key);
      if (raw === undefined) continue;
      const before = this.#known.get(key);
      const readMs = clock.monotonicMs();
      if (before !== undefined && isSameBytes(before.raw, raw)) {
        known.set(key, { ...before, readMs });
        continue;
      }
      const node = this.#parsed(key, raw);
      if (node === undefined) continue;
      const nowMs = clock.nowMs();
      const sinceLastReadMs = before === undefined ? Infinity : readMs - before.readMs;
      const skew = clockSkewOf(writtenMsOf(raw), { nowMs, sinceLastReadMs });
      known.set(key, { node, raw, seenWallMs: nowMs, seenMs: readMs, readMs, skew });
    }
    this.#known = known;
  }

  #parsed(key: string, raw: Uint8Array): NodeAnnouncement | undefined {
    try {
      const node = parseAnnouncement(raw);
      return keyPrefix + node.id === key ? node : undefined;
    } catch (error) {
      this.#ports.logger.debug('A record of a node cannot be read', {
        key,
        error: asError(error),
      });
      return undefined;
    }
  }

  /** Keys of the other nodes. Keys come in order, so pages after the last node need not be read. */
  async #keys(): Promise<string[]> {
    const found: string[] = [];
    const own = this.#ownKey();
    for (let page = 0; page < limits.maxKeyPages; page++) {
      const keys = await this.#ports.kv.kvList(page, limits.keysPerPage);
      found.push(...keys.filter((key) => key.startsWith(keyPrefix) && key !== own));
      if (keys.length < limits.keysPerPage || found.length > limits.maxNodes) break;
    }
    return found.slice(0, limits.maxNodes);
  }

  #ownKey(): string {
    return keyPrefix + this.#ports.self().id;
  }
}

function isSameMachine(a: NodeAnnouncement, b: NodeAnnouncement): boolean {
  if (a.id === b.id) return true;
  if (a.host !== b.host || a.addresses.length === 0) return false;
  return [...a.addresses].sort().join() === [...b.addresses].sort().join();
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
