import { singleServerTargets, type TargetSet } from './collect/index.ts';
import type { Configuration } from './configuration.ts';

/** Where it is known what to scrape. */
export interface TargetSource {
  /** What is to be scraped as far as is known now; never waits. */
  current(): TargetSet;
  /** Begins to look; `onChange` runs when something else is to be scraped. */
  start(onChange: () => void): void;
  stop(): Promise<void>;
}

/** A server that is not in a cluster has one node: itself. */
export function singleServer(configuration: () => Configuration, hostName: string): TargetSource {
  return {
    current() {
      const { server, settings } = configuration();
      return singleServerTargets(server, settings, hostName);
    },
    start: () => undefined,
    stop: () => Promise.resolve(),
  };
}
