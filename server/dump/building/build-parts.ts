import type { ObjectStore } from '../../../lib/objectstore/index.ts';
import type { Clock } from '../../../lib/runtime/index.ts';
import type { BlockCatalog } from '../../share/index.ts';
import type { ArchiveDisk } from '../archive/index.ts';
import type { DumpFacts, DumpThread, HeadSource, LocalStorePort } from '../ports.ts';
import type { StorePace } from '../work-area/index.ts';

/** What every dump of this node is built from. */
export interface BuildParts {
  clock: Clock;
  store: ObjectStore;
  catalog: BlockCatalog;
  /** Absent where no snapshots of heads are kept. */
  heads?: HeadSource;
  /** What this node has collected and not given away; undefined when it has nothing of its own. */
  local: () => LocalStorePort | undefined;
  /** Starts a worker for one archive; it is stopped when the archive is done. */
  openThread: () => DumpThread;
  /** Told when a worker did not end: the process must exit, because it holds memory and files. */
  onHungThread?: (error: unknown) => void;
  facts: DumpFacts;
  /** Learns how fast the file store is. */
  storePace?: StorePace;
  /** Told what CPU time an archive took, by the id of its job. It must not throw. */
  onWorked?: (id: string, workMs: number) => void;
  /** Free space of the disk of the data directory; null when it cannot be told. */
  freeBytes?: () => Promise<number | null>;
  /** The disk that archives are kept on; absent where the file store is none. */
  archiveDisk?: (() => Promise<ArchiveDisk>) | undefined;
  pluginId: string;
  node: string;
  /** The directory of the store; temporary space is made below it. */
  dataDirectory: string;
}
