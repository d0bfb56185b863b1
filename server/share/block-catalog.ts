import { inEnglish, say, type KnownSentence } from '../../api/index.ts';
import { readObject, type CallOptions, type ObjectStore } from '../../lib/objectstore/index.ts';
import { codeOf } from '../../lib/runtime/index.ts';
import { isContained, isUlid, type BlockInfo } from '../../lib/tsdb/index.ts';
import { parseBlockMeta, type BlockMeta } from './block-meta.ts';
import { ShareError } from './errors.ts';
import { catalogConcurrency, maxBlockFiles, maxCatalogBlocks, maxMetaBytes } from './limits.ts';
import { unlessAborted } from './unless-aborted.ts';
import { areaPrefix, blockKey, blockPrefix, type BlockArea } from './paths.ts';

/** One file of a block, `path` relative to the block's directory. */
export interface BlockFile {
  path: string;
  sizeBytes: number;
}

/** A whole block in the file store. */
export interface RemoteBlock extends BlockMeta {
  sizeBytes: number;
  /** Known files only, `meta.json` included, in the order of their keys. */
  blockFiles: readonly BlockFile[];
}

/** Files in the file store that are not, or not yet, a whole block. */
export interface PartialBlock {
  ulid: string;
  /** Without `meta.json` an upload or a removal is under way or was given up; with it something is wrong. */
  kind: 'incomplete' | 'damaged';
  /** Why it is not a block. */
  reason: KnownSentence;
  /** When the newest of its files was written, by the store's clock; undefined when none is left. */
  writtenMs: number | undefined;
}

const missingMeta = say('block.no-meta');
const filePath = /^(meta\.json|index|tombstones|chunks\/\d{6})$/;

/**
 * What is in the file store below `data/`, or below `head/`. A block exists only when its `meta.json` parses and its
 * files are there; blocks are immutable, so each is looked at once.
 */
export class BlockCatalog {
  readonly #store: ObjectStore;
  readonly #area: BlockArea;
  readonly #blocks = new Map<string, RemoteBlock>();
  readonly #partial = new Map<string, PartialBlock>();
  /** ULIDs that were added while a refresh was under way and that its listing may have missed. */
  readonly #addedMeanwhile = new Set<string>();
  /** All blocks by their names and by those of what they were made of; undefined when it has to be made anew. */
  #held: ReadonlyMap<string, RemoteBlock> | undefined;
  #refreshing: Promise<void> | undefined;
  #isLoaded = false;

  constructor(store: ObjectStore, area: BlockArea = 'data') {
    this.#store = store;
    this.#area = area;
  }

  /** Whether {@link refresh} has succeeded once. */
  get isLoaded(): boolean {
    return this.#isLoaded;
  }

  /** Whole blocks, oldest first, as of the last refresh. */
  blocks(): RemoteBlock[] {
    return [...this.#blocks.values()].sort((a, b) => a.mint - b.mint || a.maxt - b.maxt);
  }

  has(ulid: string): boolean {
    return this.#blocks.has(ulid);
  }

  /**
   * Whether all that a block holds is in the file store: itself, or all that it was made of. What retention
   * has taken there, because it ended by `retiredMs`, is not missed: the oldest of what a merged block was
   * made of, when what comes next is there and begins no later.
   */
  holds(block: Pick<BlockInfo, 'ulid' | 'sources'>, retiredMs = -Infinity): boolean {
    this.#held ??= new Map(
      [...this.#blocks.values()].flatMap((remote) =>
        [remote.ulid, ...remote.sources].map((name) => [name, remote] as const),
      ),
    );
    const held = this.#held;
    if (isContained(block, (ulid) => held.has(ulid))) return true;
    // Sorted by when they were cut.
    const sources = block.sources.toSorted();
    const from = sources.findIndex((source) => held.has(source));
    const first = held.get(sources[from] ?? '');
    if (first === undefined || first.mint > retiredMs) return false;
    return sources.slice(from).every((source) => held.has(source));
  }

  /** What is not a whole block, as of the last refresh. */
  partialBlocks(): PartialBlock[] {
    return [...this.#partial.values()];
  }

  /**
   * Looks at the file store again. Concurrent callers share one look that begins after the call; a
   * signal ends the look for all of them.
   */
  async refresh(options: CallOptions = {}): Promise<void> {
    const { signal } = options;
    // A look that is under way may have passed what the caller wants to see.
    await unlessAborted(
      this.#refreshing?.catch(() => undefined),
      signal,
    );
    this.#refreshing ??= this.#look(signal).finally(() => {
      this.#refreshing = undefined;
      this.#addedMeanwhile.clear();
    });
    await unlessAborted(this.#refreshing, signal);
  }

  /** Notes a block that the caller has just uploaded; rejects when it is not whole there. */
  async add(ulid: string, { signal }: CallOptions = {}): Promise<RemoteBlock> {
    await this.#load(ulid, signal);
    const block = this.#blocks.get(ulid);
    if (block === undefined) {
      const found = this.#partial.get(ulid);
      const reason = found === undefined ? 'unknown' : inEnglish(found.reason);
      const message = `block ${ulid} was uploaded and is not whole in the file store: ${reason}`;
      throw new ShareError('SYNC_VERIFY_FAILED', message);
    }
    this.#addedMeanwhile.add(ulid);
    return block;
  }

  /** Looks once more at one that was not whole; undefined when it is by now. */
  async stillPartial(
    ulid: string,
    { signal }: CallOptions = {},
  ): Promise<PartialBlock | undefined> {
    await this.#load(ulid, signal);
    return this.#partial.get(ulid);
  }

  /** Notes that the caller has deleted the block's `meta.json`. */
  remove(ulid: string): void {
    this.#blocks.delete(ulid);
    this.#held = undefined;
    this.#partial.delete(ulid);
  }

  async #look(signal: AbortSignal | undefined): Promise<void> {
    const listed = new Set<string>();
    const prefix = areaPrefix(this.#area);
    for await (const entry of this.#store.list({ prefix, delimiter: '/', signal })) {
      const name = entry.key.slice(prefix.length, -1);
      if (entry.kind !== 'prefix' || !isUlid(name)) continue;
      listed.add(name);
      if (listed.size > maxCatalogBlocks) {
        const message = `more than ${String(maxCatalogBlocks)} blocks in the file store`;
        throw new ShareError('SYNC_BAD_META', message);
      }
    }
    for (const ulid of [...this.#blocks.keys(), ...this.#partial.keys()]) {
      if (!listed.has(ulid) && !this.#addedMeanwhile.has(ulid)) this.remove(ulid);
    }
    const unknown = [...listed].filter((ulid) => !this.#blocks.has(ulid));
    const lanes = Array.from({ length: catalogConcurrency }, async () => {
      for (let ulid = unknown.pop(); ulid !== undefined; ulid = unknown.pop()) {
        await this.#load(ulid, signal);
      }
    });
    const results = await Promise.allSettled(lanes);
    for (const result of results) if (result.status === 'rejected') throw result.reason;
    this.#isLoaded = true;
  }

  async #load(ulid: string, signal: AbortSignal | undefined): Promise<void> {
    const blockFiles: BlockFile[] = [];
    let writtenMs: number | undefined;
    const prefix = blockPrefix(ulid, this.#area);
    for await (const entry of this.#store.list({ prefix, signal })) {
      const path = entry.key.slice(prefix.length);
      if (entry.kind !== 'object') continue;
      writtenMs = Math.max(writtenMs ?? -Infinity, entry.modifiedMs);
      // Nobody who writes blocks writes that many files of a block.
      if (blockFiles.length > maxBlockFiles) break;
      if (filePath.test(path)) blockFiles.push({ path, sizeBytes: entry.sizeBytes });
    }
    const found = await this.#examine(ulid, blockFiles, signal);
    if ('values' in found) {
      // Known as a whole block by now: this look began before the upload was complete.
      const kind = found === missingMeta ? 'incomplete' : 'damaged';
      if (!this.#blocks.has(ulid))
        this.#partial.set(ulid, { ulid, kind, reason: found, writtenMs });
    } else {
      this.#partial.delete(ulid);
      this.#blocks.set(ulid, found);
      this.#held = undefined;
    }
  }

  /** The block, or why it is none. */
  async #examine(
    ulid: string,
    blockFiles: BlockFile[],
    signal: AbortSignal | undefined,
  ): Promise<RemoteBlock | KnownSentence> {
    const sizes = new Map(blockFiles.map(({ path, sizeBytes }) => [path, sizeBytes]));
    if (!sizes.has('meta.json')) return missingMeta;
    let meta: BlockMeta;
    try {
      const key = blockKey(ulid, 'meta.json', this.#area);
      const bytes = await readObject(this.#store, key, { limitBytes: maxMetaBytes, signal });
      meta = parseBlockMeta(bytes, ulid);
    } catch (error) {
      const code = codeOf(error);
      if (code === 'STORE_NOT_FOUND') return missingMeta;
      if (code === 'SYNC_BAD_META' || code === 'STORE_TOO_LARGE') return say('block.bad-meta');
      throw error;
    }
    if (!sizes.has('index')) return say('block.no-index');
    if (!sizes.has('chunks/000001')) return say('block.no-chunks');
    for (const [path, sizeBytes] of meta.files) {
      if (sizes.get(path) !== sizeBytes) return say('block.size', { path });
    }
    if (blockFiles.length > maxBlockFiles) return say('block.many-files');
    const sizeBytes = blockFiles.reduce((sum, file) => sum + file.sizeBytes, 0);
    return { ...meta, sizeBytes, blockFiles };
  }
}
