import { DeploymentSource, type TargetSet } from '../collect/index.ts';
import type { Configuration } from '../configuration.ts';
import type { Environment } from '../environment.ts';
import type { Host } from '../mattermost/index.ts';

/** Where it is known what to scrape. */
export interface TargetSource {
  /** What is to be scraped as far as is known now; never waits. */
  current(): TargetSet;
  /** Begins to look; `onChange` runs when something else is to be scraped. */
  start(onChange: () => void): void;
  stop(): Promise<void>;
}

export interface TargetSourceOptions {
  environment: Pick<Environment, 'clock' | 'hostName'>;
  host: Pick<Host, 'database' | 'logger'>;
  configuration: () => Configuration;
  /** Undefined on a server that is not in a cluster. */
  clusterId: string | undefined;
}

/** All that the deployment offers: its nodes, their plugins, the media service, what was added. */
export function targetSource(options: TargetSourceOptions): TargetSource {
  const { environment, host, configuration, clusterId = '' } = options;
  const { clock, hostName } = environment;
  const { database, logger } = host;
  return new DeploymentSource({
    ...{ clock, hostName, database, logger, configuration, clusterId },
    environment: process.env,
  });
}
