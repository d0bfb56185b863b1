import type { Problem } from '../../api/index.ts';
import type { Store } from '../../lib/tsdb/index.ts';
import type { GapLedger, MetadataBook } from '../collect/index.ts';
import type { Environment } from '../environment.ts';
import type { Host } from '../mattermost/index.ts';
import type { NodeIdentity } from '../membership/index.ts';
import type { FilePlace } from '../places/index.ts';
import type { FixedFacts } from '../server-facts.ts';
import type { PartsPorts } from './parts.ts';

/** What parts are opened with. */
export interface OpenOptions extends PartsPorts {
  environment: Environment;
  host: Host;
  facts: FixedFacts;
}

/** Parts on their way: what holds the data is open, what works on it is not there yet. */
export interface Opening extends OpenOptions {
  /** By which administrators know this node. */
  nodeName: string;
  dataDirectory: string;
  problems: Problem[];
  store: Store;
  ledger: GapLedger;
  metadata: MetadataBook;
  place: FilePlace;
  /** Undefined on a server that is not in a cluster. */
  identity: NodeIdentity | undefined;
}

/** By which administrators know this node: the name that they gave it, or the machine's. */
export function nodeNameOf({ configuration, environment }: OpenOptions): string {
  const { cluster } = configuration().server;
  const given = cluster.enable ? cluster.overrideHostname.trim() : '';
  return given === '' ? environment.hostName : given;
}

/** A single server's own directory is lost together with the disk that the WAL is on. */
export function isWorthKeeping({ configuration }: OpenOptions): boolean {
  const { cluster, file } = configuration().server;
  return cluster.enable || (file.driverName !== 'local' && file.driverName !== '');
}
