import type { Cardinality, Problem, StoreStatus, SyncStatus, Target } from '../../api/index.ts';
import type { Store } from '../../lib/tsdb/index.ts';
import type { CollectorSummary, GapLedger, MetadataBook } from '../collect/index.ts';
import type { CollectedFacts } from '../dump/index.ts';
import type { Collecting } from '../duty/index.ts';
import { freeBytes } from '../places/index.ts';
import type { BlockCatalog, BlockSync } from '../share/index.ts';
import { storeProblem } from './store-problems.ts';

/** What {@link OwnState} looks at. */
export interface OwnStateOptions {
  dataDirectory: string;
  store: Store;
  collecting: Collecting;
  ledger: GapLedger;
  metadata: MetadataBook;
  catalog: BlockCatalog;
  sync: BlockSync;
}

const nothingScraped: Pick<CollectorSummary, 'up' | 'total'> = { up: 0, total: 0 };

/** What a full disk does to every target, and what comes before it. */
const saidByFullDisk: ReadonlySet<string> = new Set(['SCRAPE_DISK_FULL', 'SYNC_DISK_SHORT']);

/** What this node can tell from its own parts, without asking anybody. */
export class OwnState {
  readonly #options: OwnStateOptions;

  constructor(options: OwnStateOptions) {
    this.#options = options;
  }

  targets(): Target[] {
    return this.#options.collecting.collector?.targets() ?? [];
  }

  /** The state of each target by its key. */
  targetStates(): [key: string, state: Target['state']][] {
    return this.#options.collecting.collector?.states() ?? [];
  }

  /** Undefined while another node collects. */
  cardinality(): Cardinality | undefined {
    return this.#options.collecting.collector?.cardinality();
  }

  summary(): Pick<CollectorSummary, 'up' | 'total'> {
    return this.#options.collecting.collector?.summary() ?? nothingScraped;
  }

  /** What a dump tells about the collecting that this node did. */
  collected(range: { fromMs: number; toMs: number }): CollectedFacts {
    const { ledger, metadata } = this.#options;
    return {
      targets: this.targets(),
      gaps: ledger.between(range.fromMs, range.toMs),
      metadata: metadata.all(),
      warnings: [],
    };
  }

  newestSampleMs(): number | undefined {
    return this.#options.store.newestSampleMs();
  }

  oldestSampleMs(): number | undefined {
    const times = [this.#options.store.oldestSampleMs(), this.#options.catalog.blocks()[0]?.mint];
    const known = times.filter((time) => time !== undefined);
    return known.length === 0 ? undefined : Math.min(...known);
  }

  /** Looks at the disk, which {@link problems} then knows. */
  async storeStatus(): Promise<StoreStatus> {
    const { dataDirectory, store, sync } = this.#options;
    await sync.lookAtDisk();
    const { headSeries, headSamples, blocks, sizeBytes } = store.stats();
    return {
      path: dataDirectory,
      headSeries,
      headSamples,
      blocks,
      sizeBytes,
      freeBytes: await freeBytes(dataDirectory),
    };
  }

  syncStatus(): SyncStatus {
    return this.#options.sync.status();
  }

  problems(): Problem[] {
    const { collecting, store, sync } = this.#options;
    const problems = [
      ...store.problems().map(storeProblem),
      ...(collecting.collector?.problems() ?? []),
      ...sync.problems(),
    ];
    const isFull = problems.some(({ code }) => code === 'TSDB_DISK_FULL');
    return isFull ? problems.filter(({ code }) => !saidByFullDisk.has(code)) : problems;
  }
}
