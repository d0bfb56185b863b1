import { isDeepStrictEqual } from 'node:util';
import {
  consolePages,
  makeProblem,
  say,
  type KnownSentence,
  type Problem,
} from '../../../api/index.ts';
import { Rounds, codeOf, type Clock, type Logger } from '../../../lib/runtime/index.ts';
import {
  discoveryPollMs,
  discoveryTimeoutMs,
  firstDiscoveryRetryMs,
  maxDiscoveredNodes,
  maxDiscoveryRetryMs,
  maxNodeAgeMs,
} from '../limits.ts';
import {
  type ClusterNode,
  PingWatch,
  type SelfFacts,
  nodesOf,
  readRows,
} from './discovery-rows.ts';

/**
 * Finds the nodes of the cluster in the server's table `ClusterDiscovery`, every 15 s for ever.
 * Contract: `start` polls at once; `onChange` is called after the first poll, and whenever nodes or
 * problems changed (a new ping alone is no change); when the query fails, the nodes found before
 * stay and a problem is added; nothing here rejects or throws. `stop` gives up a query under way.
 */
export interface DiscoveryOptions {
  clock: Clock;
  logger: Logger;
  /** The server's database; a query that fails is asked again later. */
  database: DiscoveryDatabase;
  /** Read anew for every query. */
  cluster: () => { clusterName: string; driverName: string };
  self: () => SelfFacts;
  onChange: (state: DiscoveryState) => void;
}

/** What is asked of a database: the part of `Host.database` that discovery uses. */
export interface DiscoveryDatabase {
  query(
    sql: string,
    parameters: readonly (string | number)[],
    options: {
      dialect: 'postgres' | 'mysql';
      timeoutMs: number;
      maxRows: number;
      mayRepeat: boolean;
      signal: AbortSignal;
    },
  ): Promise<{ rows: readonly (readonly unknown[])[] }>;
}

export interface DiscoveryState {
  nodes: readonly ClusterNode[];
  problems: readonly Problem[];
  /** When the table was last read, by our wall clock; undefined before that. */
  readAtMs: number | undefined;
  /** Whether the nodes are what is to be gone by: the table was read, or that failed several times. */
  isSettled: boolean;
}

/** After so many failures in a row this node goes by what it knows: itself. */
const settlingFailures = 3;

/** The type of rows that app nodes write. */
const nodeType = 'mattermost_app';

/** Mixed case: MySQL tells tables apart by it, PostgreSQL folds it. */
const discoverySql = `SELECT id, hostname, createat, lastpingat FROM ClusterDiscovery WHERE type = $1 AND clustername = $2 ORDER BY lastpingat DESC LIMIT ${String(maxDiscoveredNodes + 1)}`;

export class Discovery {
  readonly #options: DiscoveryOptions;
  readonly #watch = new PingWatch();
  readonly #stop = new AbortController();
  #state: DiscoveryState = { nodes: [], problems: [], readAtMs: undefined, isSettled: false };
  readonly #rounds: Rounds;
  #clusterName = '';
  #failures = 0;
  /** When the table last had a node, monotonic. */
  #fullMs = -Infinity;
  #hasTold = false;

  constructor(options: DiscoveryOptions) {
    this.#options = options;
    this.#rounds = new Rounds(options.clock, {
      work: () => this.#poll(),
      pauseMs: () => this.#pauseMs(),
    });
  }

  get state(): DiscoveryState {
    return this.#state;
  }

  /** Polls at once, and then for ever. */
  start(): void {
    this.#rounds.start();
  }

  /** Polls now instead of later, for example because the configuration changed. */
  wake(): void {
    this.#rounds.wake();
  }

  /** Ends polling; resolves when nothing of it is under way. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#rounds.stop();
  }

  /** A table that cannot be read is asked for sooner at first, and less and less often then. */
  #pauseMs(): number {
    if (this.#failures === 0) return discoveryPollMs;
    return Math.min(maxDiscoveryRetryMs, firstDiscoveryRetryMs * 2 ** (this.#failures - 1));
  }

  async #poll(): Promise<void> {
    const { clock, cluster, self } = this.#options;
    const { clusterName, driverName } = cluster();
    this.#forgetOther(clusterName);
    try {
      const { rows } = await this.#query(clusterName, driverName);
      const { seen, problems } = readRows(rows);
      const ages = this.#watch.agesOf(seen, clock.nowMs(), clock.monotonicMs());
      const found = nodesOf(seen, ages, self());
      const nodes = this.#believed(found.nodes);
      const all = [...problems, ...found.problems];
      if (found.nodes.length === 0) all.push(emptyProblem(clusterName, nodes.length));
      this.#failures = 0;
      this.#tell({ nodes, problems: all, readAtMs: clock.nowMs(), isSettled: true });
    } catch (error) {
      if (this.#stop.signal.aborted) return;
      this.#failures++;
      const { nodes, readAtMs } = this.#state;
      const isSettled = readAtMs !== undefined || this.#failures >= settlingFailures;
      const problems = [failureProblem(error, nodes.length)];
      this.#tell({ nodes, readAtMs, problems, isSettled });
    }
  }

  /**
   * A table without a node is wrong at least about the node that reads it. What was known counts for
   * as long as rows do that nobody pings any more.
   */
  #believed(found: readonly ClusterNode[]): readonly ClusterNode[] {
    const nowMs = this.#options.clock.monotonicMs();
    if (found.length > 0) this.#fullMs = nowMs;
    const isDoubtful = found.length === 0 && nowMs - this.#fullMs < maxNodeAgeMs;
    return isDoubtful ? this.#state.nodes : found;
  }

  /** The nodes of another cluster are not ours. */
  #forgetOther(clusterName: string): void {
    if (this.#hasTold && clusterName !== this.#clusterName) {
      this.#state = { nodes: [], problems: [], readAtMs: undefined, isSettled: false };
    }
    this.#clusterName = clusterName;
  }

  #query(clusterName: string, driverName: string) {
    return this.#options.database.query(discoverySql, [nodeType, clusterName], {
      dialect: driverName.toLowerCase() === 'mysql' ? 'mysql' : 'postgres',
      timeoutMs: discoveryTimeoutMs,
      maxRows: maxDiscoveredNodes + 1,
      mayRepeat: true,
      signal: this.#stop.signal,
    });
  }

  #tell(next: DiscoveryState): void {
    const previous = this.#state;
    this.#state = next;
    this.#log(previous, next);
    const isSame =
      previous.isSettled === next.isSettled &&
      isDeepStrictEqual(previous.nodes.map(essence), next.nodes.map(essence)) &&
      isDeepStrictEqual(previous.problems, next.problems);
    if (isSame && this.#hasTold) return;
    this.#hasTold = true;
    this.#options.onChange(next);
  }

  /** Each node and each problem is worth a line when it comes, and nodes when they go. */
  #log(previous: DiscoveryState, next: DiscoveryState): void {
    const { logger } = this.#options;
    const known = new Set(previous.problems.map(({ message }) => message));
    for (const { code, message, advice } of next.problems) {
      if (!known.has(message)) logger.warn(message, { code, advice });
    }
    const hosts = (state: DiscoveryState) => new Set(state.nodes.map(({ host }) => host));
    const [before, after] = [hosts(previous), hosts(next)];
    const joined = [...after].filter((host) => !before.has(host));
    const left = [...before].filter((host) => !after.has(host));
    if (joined.length + left.length === 0) return;
    logger.info('The nodes of the cluster changed', {
      joined: joined.join(' '),
      left: left.join(' '),
      nodes: after.size,
    });
  }
}

/** What of a node others act on. */
function essence({ id, host, isStale, isSelf }: ClusterNode) {
  return { id, host, isStale, isSelf };
}

function emptyProblem(clusterName: string, known: number): Problem {
  const cluster = clusterName.slice(0, 64);
  return makeProblem({
    code: 'DISCOVERY_EMPTY',
    severity: 'error',
    message: say('discovery.empty', { cluster, consequence: consequenceFor(known) }),
    advice: say('discovery.empty.advice'),
    link: consolePages.highAvailability,
  });
}

/** Says what the error's code means; its text comes from the database and is not shown. */
function failureProblem(cause: unknown, known: number): Problem {
  const code = codeOf(cause) ?? 'unknown';
  return makeProblem({
    code: 'DISCOVERY_FAILED',
    severity: 'error',
    message: say('discovery.failed', { code, consequence: consequenceFor(known) }),
    advice: adviceByReason[code] ?? say('discovery.failed.advice'),
    link: consolePages.database,
  });
}

function consequenceFor(known: number): KnownSentence {
  if (known === 0) return say('discovery.only-self');
  return say('discovery.goes-on', { nodeCount: known });
}

const adviceByReason: Readonly<Record<string, KnownSentence>> = {
  SQL_UNDEFINED: say('discovery.no-table'),
  SQL_PERMISSION: say('discovery.no-right'),
  SQL_NO_DATABASE: say('discovery.no-database'),
  SQL_TIMEOUT: say('discovery.slow'),
  SQL_BUSY: say('discovery.slow'),
};
