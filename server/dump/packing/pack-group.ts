import { rmSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { codeOf, type BufferSweep, type ThreadContext } from '../../../lib/runtime/index.ts';
import {
  openBlock,
  printBlockMeta,
  printTombstones,
  rewriteBlockFiles,
  type BlockMeta,
  type BlockReader,
  type RewriteOptions,
  type Thinning,
} from '../../../lib/tsdb/index.ts';
import type { ArchiveWriter } from './archive-writer.ts';
import { checkSource, isDamage, type CheckedSource } from './check-source.ts';
import { seriesFilter } from '../selection/index.ts';
import { segmentBytes } from '../limits.ts';
import { aliasedLabels, type Redactor } from '../redaction/index.ts';
import { longerMs, type SeriesCount } from '../series/index.ts';
import type { AddGroupRequest, AddGroupResult, GroupProgress } from './protocol.ts';

/** In a dump nothing was compacted yet: Thanos silently passes over blocks above the first level when it uploads. */
const blockLevel = 1;

/** Where the blocks of a group go, and in which form. */
export interface GroupTarget {
  archive: ArchiveWriter;
  series: SeriesCount;
  /** Undefined when names stay as they are. */
  redactor: Redactor | undefined;
  /** Absent when every sample stays. */
  thinning?: Thinning;
  /** Of what was made and is not needed any more; absent where what is done is timed. */
  sweep?: BufferSweep;
  nextUlid: () => string;
}

/** A block of a group that can be read. */
interface Source {
  dir: string;
  reader: BlockReader;
  found: CheckedSource;
}

/**
 * Puts one block made of a group into an archive. All sources are checked first, so that what is begun can
 * be ended; those that are damaged are named and left out. A single block of which all samples are asked for
 * keeps its files; everything else is written anew, and each file is packed when it is complete.
 */
export async function packGroup(
  target: GroupTarget,
  request: AddGroupRequest,
  context: ThreadContext,
): Promise<Omit<AddGroupResult, 'archiveBytes'>> {
  const packer = new GroupPacker(target, request, context);
  try {
    packer.openSources();
    const { damaged, intervalMs } = packer;
    return { ...(await packer.pack()), intervalMs, damaged };
  } finally {
    packer.close();
  }
}

class GroupPacker {
  readonly damaged: AddGroupResult['damaged'] = [];
  readonly #sources: Source[] = [];
  readonly #target: GroupTarget;
  readonly #request: AddGroupRequest;
  readonly #context: ThreadContext;
  /** For the progress: what is packed already, and about what there is. */
  #packedBytes = 0;
  #totalBytes = 1;

  constructor(target: GroupTarget, request: AddGroupRequest, context: ThreadContext) {
    this.#target = target;
    this.#request = request;
    this.#context = context;
  }

  openSources(): void {
    for (const dir of this.#request.blockDirs) {
      let reader: BlockReader | undefined;
      try {
        reader = openBlock(dir);
        const found = checkSource(reader, this.#request, (done, total) => {
          this.#context.checkCancelled();
          if (done % 256 === 0) this.#tell('rewriting', done / total);
        });
        this.#sources.push({ dir, reader, found });
      } catch (error) {
        reader?.close();
        if (!isDamage(error)) throw error;
        this.damaged.push({ dir, code: codeOf(error) ?? '' });
      }
    }
  }

  get intervalMs(): number | null {
    return this.#sources.reduce<number | null>(
      (longest, { found }) => longerMs(longest, found.intervalMs),
      null,
    );
  }

  close(): void {
    for (const { reader } of this.#sources.splice(0)) reader.close();
  }

  async pack(): Promise<Pick<AddGroupResult, 'block' | 'actual'>> {
    const [first, ...others] = this.#sources;
    if (first === undefined) return { block: null, actual: null };
    let meta: BlockMeta | undefined;
    const isKept = others.length === 0 && this.#isWhole(first) && !(await isInPieces(first.dir));
    if (isKept) meta = await this.#packAsItIs(first);
    else meta = await this.#packRewritten();
    if (meta === undefined) return { block: null, actual: null };
    const { compaction, maxTime: maxt, minTime: mint, stats, ulid } = meta;
    const { numSamples: samples, numSeries: series } = stats;
    return {
      block: { ulid, mint, maxt, samples, series, sources: [...compaction.sources] },
      actual: { fromMs: mint, toMs: maxt - 1 },
    };
  }

  /** Whether a block goes into the archive with every sample and nothing else. */
  #isWhole({ found, reader }: Source): boolean {
    const { filter, maxt, mint } = this.#request;
    const { redactor, thinning } = this.#target;
    const isChanged = filter !== null || redactor !== undefined || thinning !== undefined;
    const isInside = found.samples > 0 && found.firstMs >= mint && found.lastMs < maxt;
    const isPlain = reader.tombstones.size === 0 && reader.index.version === 2;
    return !isChanged && isInside && isPlain;
  }

  /** Only its description is new: what we do not know of it stays behind, and with it who made it. */
  async #packAsItIs({ dir, found, reader }: Source): Promise<BlockMeta> {
    const { sources } = reader.meta.compaction;
    const meta: BlockMeta = {
      ulid: this.#target.nextUlid(),
      minTime: found.firstMs,
      maxTime: found.lastMs + 1,
      stats: { numSamples: found.samples, numSeries: found.series, numChunks: found.chunks },
      compaction: {
        level: blockLevel,
        sources: sources.length === 0 ? [reader.meta.ulid] : sources,
      },
    };
    const segments = (await readdir(join(dir, 'chunks'))).sort();
    const names = [...segments.map((name) => join('chunks', name)), 'index'];
    this.#totalBytes = await sizeOf(dir, names);
    for (const name of names) await this.#packFile(meta.ulid, name, join(dir, name));
    await this.#packTexts(meta);
    this.#target.series.include(found.counted);
    return meta;
  }

  async #packTexts(meta: BlockMeta): Promise<void> {
    const { archive } = this.#target;
    await archive.addBytes(`${meta.ulid}/tombstones`, printTombstones(new Map()));
    await archive.addText(`${meta.ulid}/meta.json`, printBlockMeta(meta));
  }

  async #packRewritten(): Promise<BlockMeta | undefined> {
    const ulid = this.#target.nextUlid();
    this.#totalBytes = await this.#sourceBytes();
    if (this.#request.isOwned) this.#consumeSources();
    return await this.#packFiles(ulid, rewriteBlockFiles(this.#rewriting(ulid)));
  }

  /** They are read for the last time: where they lie in pieces, these go one by one. */
  #consumeSources(): void {
    for (const { found, reader } of this.#sources) if (found.isInOrder) reader.consume();
  }

  #rewriting(ulid: string): RewriteOptions {
    const { filter, maxt, mint, outDir: parentDir } = this.#request;
    const { redactor, series, thinning } = this.#target;
    const sources = this.#sources.map(({ reader }) => reader);
    const checkCancelled = () => {
      this.#context.checkCancelled();
    };
    return {
      ...{ sources, mint, maxt, parentDir, ulid, segmentBytes, checkCancelled },
      level: blockLevel,
      ...(filter === null ? {} : { keepSeries: seriesFilter(filter) }),
      ...(thinning === undefined ? {} : { thinning }),
      ...(redactor === undefined
        ? {}
        : { relabel: aliasedLabels(sources, redactor, checkCancelled) }),
      onSeries: (labels) => {
        series.add(labels);
      },
      onRead: () => {
        this.#dropSources();
      },
    };
  }

  /** Makes room for the index: all that is still to be written is in the list of series. */
  #dropSources(): void {
    this.close();
    this.#target.sweep?.ended();
    if (!this.#request.isOwned) return;
    for (const dir of this.#request.blockDirs) rmSync(dir, { recursive: true, force: true });
  }

  /** Packs the files of a block as they are completed. */
  async #packFiles(
    ulid: string,
    files: ReturnType<typeof rewriteBlockFiles>,
  ): Promise<BlockMeta | undefined> {
    try {
      for (let step = files.next(); ; step = files.next()) {
        if (step.done === true) return step.value?.meta;
        await this.#packFile(ulid, step.value.name, step.value.path);
      }
    } finally {
      // Ends the writing where it is, and removes what it has left.
      files.return(undefined);
    }
  }

  async #packFile(ulid: string, name: string, path: string): Promise<void> {
    await this.#target.archive.addFile(`${ulid}/${name}`, path, (bytes) => {
      this.#context.checkCancelled();
      this.#packedBytes += bytes;
      this.#tell('packing', Math.min(1, this.#packedBytes / this.#totalBytes));
    });
  }

  async #sourceBytes(): Promise<number> {
    let sum = 0;
    for (const { dir } of this.#sources) {
      const found = await readdir(join(dir, 'chunks'), { recursive: true, withFileTypes: true });
      const files = found.filter((entry) => entry.isFile());
      const paths = files.map(({ name, parentPath }) => relative(dir, join(parentPath, name)));
      sum += await sizeOf(dir, ['index', ...paths]);
    }
    return sum;
  }

  #tell(phase: GroupProgress['phase'], fraction: number): void {
    this.#context.progress({ phase, fraction } satisfies GroupProgress);
  }
}

/** Whether chunks of a block lie in pieces, as they do when they are to be written anew. */
async function isInPieces(dir: string): Promise<boolean> {
  const segments = await readdir(join(dir, 'chunks'), { withFileTypes: true });
  return segments.some((segment) => segment.isDirectory());
}

async function sizeOf(dir: string, names: readonly string[]): Promise<number> {
  let sum = 0;
  for (const name of names) sum += (await stat(join(dir, name))).size;
  return sum;
}
