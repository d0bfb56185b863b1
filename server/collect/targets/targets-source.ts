import { lookup } from 'node:dns/promises';
import type { Clock, Logger } from '../../../lib/runtime/index.ts';
import { Discovery, ownFacts, type DiscoveryDatabase } from '../discovery/index.ts';
import type { NameResolver } from '../fetch/index.ts';
import { MediaWatch } from './targets-media.ts';
import {
  deploymentTargets,
  type DeploymentConfig,
  type TargetSet,
  type TargetSettings,
} from './targets.ts';

/**
 * Everything that a deployment offers to be scraped, kept up to date. Contract: `current` never
 * waits and reads the configuration anew; `start` begins to look for nodes and for the media service
 * of Calls, and `onChange` runs whenever `current` gives something else for another reason than the
 * configuration; `stop` ends all of it. On a server that is not in a cluster no query is made.
 */
export interface DeploymentSourceOptions {
  clock: Clock;
  logger: Logger;
  database: DiscoveryDatabase;
  /** The configuration as it is now. */
  configuration: () => { server: SourceConfig; settings: TargetSettings };
  /** The operating system's name of this machine. */
  hostName: string;
  /** This node's cluster id; empty when the server does not tell. */
  clusterId: string;
  /** The server's environment, which the plugin inherits. */
  environment: Readonly<Record<string, string | undefined>>;
  /** Tests replace the operating system's look-up of names. */
  resolveName?: NameResolver;
}

export interface SourceConfig extends DeploymentConfig {
  cluster: { enable: boolean; clusterName: string; overrideHostname: string };
  sql: { driverName: string };
  plugins: { enabled: readonly string[]; areMetricsAggregated: boolean; rtcdUrl: string };
}

/** Where Calls takes its settings from before it looks at its own. */
const rtcdVariable = 'MM_CALLS_RTCD_SERVICE_URL';
const callsId = 'com.mattermost.calls';

export class DeploymentSource {
  readonly #options: DeploymentSourceOptions;
  readonly #discovery: Discovery;
  readonly #media: MediaWatch;
  #onChange: () => void = () => undefined;
  #isStarted = false;
  #clusterName: string | undefined;

  constructor(options: DeploymentSourceOptions) {
    const { clock, logger, database, configuration, hostName, clusterId } = options;
    this.#options = options;
    const change = () => this.#onChange();
    this.#discovery = new Discovery({
      ...{ clock, logger, database, onChange: change },
      cluster: () => {
        const { cluster, sql } = configuration().server;
        return { clusterName: cluster.clusterName, driverName: sql.driverName };
      },
      self: () => ownFacts(clusterId, hostName, configuration().server.cluster.overrideHostname),
    });
    const resolveName = options.resolveName ?? ((host) => lookup(host, { all: true }));
    this.#media = new MediaWatch({ clock, logger, resolveName, onChange: change });
  }

  /** What is to be scraped as far as is known now. */
  current(): TargetSet {
    const { configuration, hostName } = this.#options;
    const { server, settings } = configuration();
    this.#follow(server.cluster);
    const { nodes, problems, isSettled } = this.#discovery.state;
    const set = deploymentTargets({
      ...{ server, settings, hostName },
      nodes: isSettled ? nodes : undefined,
      media: this.#media.follow(this.#mediaUrl(server)),
    });
    if (!server.cluster.enable) return set;
    return { targets: set.targets, problems: [...problems, ...set.problems] };
  }

  /** Looks for nodes while there is a cluster, and at once when it is another one. */
  #follow({ enable, clusterName }: SourceConfig['cluster']): void {
    if (!this.#isStarted || !enable) return;
    this.#discovery.start();
    const isOther = this.#clusterName !== undefined && this.#clusterName !== clusterName;
    this.#clusterName = clusterName;
    if (isOther) this.#discovery.wake();
  }

  start(onChange: () => void): void {
    this.#onChange = onChange;
    this.#isStarted = true;
    // Learns what it is to follow.
    this.current();
    this.#media.start();
  }

  async stop(): Promise<void> {
    this.#onChange = () => undefined;
    this.#isStarted = false;
    await Promise.all([this.#discovery.stop(), this.#media.stop()]);
  }

  /** Empty when Calls does not run, or takes the calls itself. */
  #mediaUrl({ plugins }: SourceConfig): string {
    if (!plugins.enabled.includes(callsId)) return '';
    const fromEnvironment = this.#options.environment[rtcdVariable]?.trim() ?? '';
    return fromEnvironment === '' ? plugins.rtcdUrl : fromEnvironment;
  }
}
