import { codeOf } from '../../../lib/runtime/index.ts';
import { toDumpError } from '../errors.ts';
import type { BlockReader } from '../../../lib/tsdb/index.ts';
import { intervalMsOf, longerMs, SeriesCount, tellsInterval } from '../series/index.ts';

/** What a block was found to hold, all of it. */
export interface CheckedSource {
  samples: number;
  chunks: number;
  series: number;
  /** Times of the first and the last sample. */
  firstMs: number;
  lastMs: number;
  /** Longest time between two scrapes of what boards show, as a rule; null where nothing tells it. */
  intervalMs: number | null;
  /** Whether chunks lie in the order of their series: then they can be given up while they are read. */
  isInOrder: boolean;
  counted: SeriesCount;
}

/**
 * Reads every series of a block, and every chunk that touches `[mint, maxt)`, with their checksums: what
 * comes after may rely on them. Throws the error of the first that cannot be read.
 */
export function checkSource(
  block: BlockReader,
  range: { mint: number; maxt: number },
  onSeries: (done: number, total: number) => void,
): CheckedSource {
  const counted = new SeriesCount();
  const found = { samples: 0, chunks: 0, firstMs: Infinity, lastMs: -Infinity };
  let intervalMs: number | null = null;
  let isInOrder = true;
  let lastRef = -1;
  const refs = block.index.allPostings();
  for (const [at, ref] of refs.entries()) {
    onSeries(at, refs.length);
    const { chunks, labels } = block.index.series(ref);
    counted.add(labels);
    const isTelling = tellsInterval(labels);
    for (const meta of chunks) {
      found.chunks++;
      isInOrder &&= meta.ref > lastRef;
      lastRef = meta.ref;
      found.firstMs = Math.min(found.firstMs, meta.mint);
      found.lastMs = Math.max(found.lastMs, meta.maxt);
      if (meta.mint >= range.maxt || meta.maxt < range.mint) continue;
      const chunk = block.chunk(meta);
      found.samples += chunk.numSamples;
      if (isTelling) intervalMs = longerMs(intervalMs, intervalMsOf(chunk));
    }
    block.release();
  }
  return { ...found, intervalMs, isInOrder, series: refs.length, counted };
}

/** Whether an error says that stored bytes cannot be read, rather than that something failed now. */
export function isDamage(error: unknown): boolean {
  const code = codeOf(error) ?? '';
  const isPassing = ['TSDB_CANCELLED', 'TSDB_IO', 'TSDB_DISK_FULL'].includes(code);
  return code.startsWith('TSDB_') && !isPassing && toDumpError(error).code === 'DUMP_FAILED';
}
