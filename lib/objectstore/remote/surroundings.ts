import type { Clock, Rng } from '../../runtime/index.ts';

/** What a store on the network takes from its surroundings. */
export interface RemoteSurroundings {
  /** False takes any certificate. */
  verifiesCertificates: boolean;
  /** Where the proxy stands: the process's environment. */
  environment: Readonly<Record<string, string | undefined>>;
  clock?: Clock;
  rng?: Rng;
}
