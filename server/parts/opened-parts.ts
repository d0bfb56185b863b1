import type { Problem } from '../../api/index.ts';
import type { Clock, Logger, OnDemandThread } from '../../lib/runtime/index.ts';
import type { Store } from '../../lib/tsdb/index.ts';
import type { GapLedger, MetadataBook, ScrapeClient } from '../collect/index.ts';
import type { DumpService, SupportPacket } from '../dump/index.ts';
import type { Collecting, GapCopier, HeadKeeper, TargetSource } from '../duty/index.ts';
import type { Membership } from '../membership/index.ts';
import type { FilePlace } from '../places/index.ts';
import type { BlockCatalog, BlockSync, HeadSnapshots } from '../share/index.ts';
import type { CollectorView, OwnState } from '../state/index.ts';

/** Everything that was opened, in the order of its opening. */
export interface OpenedParts {
  clock: Clock;
  logger: Logger;
  dataDirectory: string;
  /** What is wrong with where things are kept. */
  problems: Problem[];
  thread: OnDemandThread;
  store: Store;
  ledger: GapLedger;
  metadata: MetadataBook;
  client: ScrapeClient;
  targets: TargetSource;
  collecting: Collecting;
  state: OwnState;
  catalog: BlockCatalog;
  snapshots: HeadSnapshots;
  /** Undefined where the file store is no safer than the disk: a single server's own directory. */
  keeper: HeadKeeper | undefined;
  sync: BlockSync;
  dumps: DumpService;
  packet: SupportPacket;
  place: FilePlace;
  /** Undefined on a server that is not in a cluster. */
  membership: Membership | undefined;
  /** What this node knows of the collecting one; undefined on a server that is not in a cluster. */
  view: CollectorView | undefined;
  /** Copies the gaps that the collecting node notes; undefined likewise. */
  gapCopier: GapCopier | undefined;
  /** By which administrators know this node. */
  host: string;
}
